// Export and import of the marks, as JSON and as the CSV files of Letterboxd.

import { pagesOf } from "./mark-filter.js";

const MAX_BYTES = 5_000_000;
/** Titles that a message names at most. */
const MAX_NAMED = 20;

const PARTS = `<p>The movies that you mark as seen or to see are kept in this browser only and never sent to the server. Clearing the browser’s data deletes them.</p>
<p data-count></p>
<p class="buttons"><button type="button" data-export="json">Export all as JSON</button>
<button type="button" data-export="seen">Export seen for Letterboxd</button>
<button type="button" data-export="want">Export watchlist for Letterboxd</button>
<button type="button" data-delete>Delete all marks</button></p>
<form class="buttons"><p><label for="marks-file">JSON from PyFlix, or CSV from Letterboxd</label>
<input id="marks-file" type="file" accept=".json,.csv" required></p>
<p><label for="marks-list">A CSV file has the movies that I</label>
<select id="marks-list"><option value="seen">have seen</option><option value="want">want to see</option></select></p>
<p><button type="submit">Import</button></p></form>
<p role="status" data-report></p>
<p data-absent></p>`;

const quoted = (text) => /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

/** The movies with a mark, in the columns that Letterboxd imports. */
function toCsv(marks, mark) {
  const columns = mark === "seen" ? ["Title", "Year", "WatchedDate"] : ["Title", "Year"];
  const movies = [...marks.values()].filter((movie) => movie[mark]);
  const rows = movies.map(({ title, year, watched }) => [title, year, watched].slice(0, columns.length));
  return [columns, ...rows].map((row) => `${row.map((value) => quoted(String(value ?? ""))).join(",")}\r\n`).join("");
}

/** The rows of a CSV file (RFC 4180) that have a value. */
function csvRows(text) {
  const rows = [[]];
  for (const [, inQuotes, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r\n?|\n|$)/gy)) {
    rows.at(-1).push((inQuotes?.replaceAll('""', '"') ?? plain).trim());
    if (end !== ",") rows.push([]);
  }
  return rows.filter((row) => row.some(Boolean));
}

/** The movies of a CSV file, with one mark. `undefined` without columns for title and year. */
function fromCsv(text, mark) {
  const rows = csvRows(text);
  const names = (row) => row.map((name) => name.toLowerCase().replaceAll(/[^a-z]/g, ""));
  const isHeader = (row) => names(row).includes("year") && ["title", "name"].some((name) => names(row).includes(name));
  const start = rows.findIndex(isHeader);
  if (start < 0) return undefined;
  const header = names(rows[start]);
  const value = (row, ...columns) => columns.map((name) => row[header.indexOf(name)]).find(Boolean) ?? "";
  return rows.slice(start + 1).map((row) => {
    const watched = value(row, "watcheddate");
    return {
      title: value(row, "title", "name"),
      year: Number(value(row, "year")) || undefined,
      watched: /^\d{4}-\d\d-\d\d$/.test(watched) ? watched : undefined,
      [mark]: true,
    };
  });
}

function fromJson(text) {
  try {
    return JSON.parse(text).movies;
  } catch {
    return undefined;
  }
}

function download(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text]));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Such as “A (1999), B (2001) and 3 more”. */
function named(movies) {
  const names = movies.slice(0, MAX_NAMED).map(({ title, year }) => year ? `${title} (${year})` : title);
  const more = movies.length - names.length;
  return names.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

export function start({ read, update, find, set, movieOf, fold, readable, serialize, listPath }) {
  const body = document.querySelector(".mark-files");
  body.insertAdjacentHTML("beforeend", PARTS);
  const part = (selector) => body.querySelector(selector);
  const report = (text) => part("[data-report]").textContent = text;

  /** Reads the catalogue. Finds its movie with an ID, or else the only one with a title and about a year. */
  async function matcher() {
    const byId = new Map();
    const byTitle = new Map();
    for await (const { items } of pagesOf(listPath)) {
      for (const item of items) {
        const movie = movieOf(item.firstElementChild);
        byId.set(movie.id, movie);
        for (const title of new Set([movie.title, movie.original].map(fold).filter(Boolean))) {
          byTitle.set(title, [...(byTitle.get(title) ?? []), movie]);
        }
      }
    }
    return ({ id, title, year }) => {
      if (byId.has(id)) return byId.get(id);
      const alike = byTitle.get(fold(title)) ?? [];
      // Years differ by one for movies that were first shown at a festival.
      const within = (years) => alike.filter((movie) => !(Math.abs(movie.year - year) > years));
      const [found, ...others] = within(0).length > 0 ? within(0) : within(1);
      return others.length > 0 ? undefined : found;
    };
  }

  function showCounts() {
    const movies = [...read().values()];
    const count = (mark) => movies.filter((movie) => movie[mark]).length;
    part("[data-count]").textContent = `${count("seen")} seen, ${count("want")} to see.`;
  }

  function showAbsent(match) {
    const absent = [...read().values()].filter((movie) => !match(movie));
    part("[data-absent]").textContent = absent.length > 0 ? `Marked, but not in this catalogue: ${named(absent)}.` : "";
  }

  async function importFile(file, mark) {
    if (file.size > MAX_BYTES) return report("The file is larger than 5 MB.");
    const text = (await file.text()).replace(/^\ufeff/, "");
    const rows = /^\s*[{[]/.test(text) ? fromJson(text) : fromCsv(text, mark);
    if (!Array.isArray(rows)) {
      return report("The file is neither JSON from PyFlix nor CSV with the columns Title (or Name) and Year.");
    }
    const movies = readable(rows);
    const match = await matcher();
    update((marks) => {
      for (const row of movies) {
        const movie = match(row) ?? row;
        const known = find(marks, movie) ?? {};
        set(marks, movie, {
          seen: known.seen || row.seen,
          want: known.want || row.want,
          watched: known.watched ?? row.watched,
        });
      }
    });
    const found = new Set(movies.map(match).filter(Boolean)).size;
    const others = movies.filter((row) => !match(row)).length;
    const skipped = rows.length - movies.length;
    report([
      `Imported ${found} ${found === 1 ? "movie" : "movies"} of this catalogue.`,
      others > 0 ? `${others} not in this catalogue, kept with your marks.` : "",
      skipped > 0 ? `${skipped} without a title or a mark, skipped.` : "",
    ].filter(Boolean).join(" "));
    showAbsent(match);
  }

  body.addEventListener("click", ({ target }) => {
    const format = target.dataset.export;
    if (format === "json") download("pyflix-movies.json", serialize(read()));
    else if (format === "seen") download("pyflix-seen.csv", toCsv(read(), format));
    else if (format === "want") download("pyflix-watchlist.csv", toCsv(read(), format));
    else if (target.dataset.delete !== undefined && confirm("Delete all marks in this browser?")) {
      update((marks) => marks.clear());
      report("All marks deleted.");
      part("[data-absent]").textContent = "";
    }
  });
  const [file, list] = [part("#marks-file"), part("#marks-list")];
  file.addEventListener("change", () => list.value = /watchlist/i.test(file.files[0]?.name) ? "want" : "seen");
  part("form").addEventListener("submit", (event) => {
    event.preventDefault();
    importFile(file.files[0], list.value).catch(() => report("The catalogue could not be read, so nothing was imported."));
  });
  document.addEventListener("marks", showCounts);
  showCounts();
  matcher().then(showAbsent, () => {});
}
