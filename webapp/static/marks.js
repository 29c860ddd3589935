// Movies marked as seen or to see. The marks are in this browser's storage only: no request names
// them, and the filters by them are fragments of the address, which browsers do not send.

/** The path of the site's address: empty or like `/pyflix`. */
const base = new URL("..", import.meta.url).pathname.slice(0, -1);
const storageKey = `pyflix-marks${base}`; // this PyFlix, if there are several on the host
const main = document.querySelector("main");

/** Shows a message in the page, by `pyflix.js`. */
function showMessage(detail) {
  document.dispatchEvent(new CustomEvent("show-message", { detail }));
}

// The marks: a map of movies `{ id, slug, title, year, seen, want, watched }`. An imported movie that
// is not in the catalogue has no ID.

let unstored; // the marks, if the browser does not store them

/** Folds case, marks of Latin letters, and everything but letters and digits. */
const fold = (text) => text.normalize("NFKD").replaceAll(/[\u0300-\u036f]/g, "").normalize("NFC")
  .toLowerCase().replaceAll("&", "and").replaceAll(/[^\p{L}\p{N}]/gu, "");

const keyOf = ({ id, title, year }) => id ?? `${fold(title)} ${year ?? ""}`;

const textOf = (value) => typeof value === "string" && value ? value : undefined;

/** Valid entries: those with a title and a mark. */
const readable = (movies) => [movies].flat().filter((movie) => textOf(movie?.title) && (movie.seen || movie.want))
  .map(({ id, slug, title, year, seen, want, watched }) => ({
    id: textOf(id), slug: textOf(slug), title, year: Number(year) || undefined,
    seen: Boolean(seen), want: Boolean(want), watched: textOf(watched),
  }));

function read() {
  if (unstored) return unstored;
  let movies;
  try {
    ({ movies } = JSON.parse(localStorage.getItem(storageKey)) ?? {});
  } catch {
    // Storage is switched off, or its content is not ours.
  }
  return new Map(readable(movies).map((movie) => [keyOf(movie), movie]));
}

const serialize = (marks) => JSON.stringify({ movies: [...marks.values()] });

/** Changes the marks and shows them, with a message if they cannot be stored. */
function update(change) {
  const marks = read();
  change(marks);
  try {
    localStorage.setItem(storageKey, serialize(marks));
    unstored = undefined;
  } catch {
    unstored = marks;
    showMessage("Not saved: this browser’s storage is full or switched off, as in some private windows. Marks are lost when you leave this page.");
  }
  show();
}

/** The entry of a movie, by its ID or else by title and year. */
const find = (marks, { id, title, year }) => marks.get(id) ?? marks.get(keyOf({ title, year }));

/** Changes the entry of a movie; an entry without an ID becomes that of the movie. */
function set(marks, { id, slug, title, year }, changed) {
  const entry = { ...find(marks, { id, title, year }), id, slug, title, year, ...changed };
  marks.delete(keyOf({ title, year }));
  if (entry.seen || entry.want) marks.set(keyOf(entry), entry);
  else marks.delete(keyOf(entry));
}

/** The movie of a card or of a movie's page. */
function movieOf(article) {
  const link = article.querySelector("h2 a") ?? document.querySelector("link[rel=canonical]") ?? location;
  return {
    id: article.dataset.id,
    slug: new URL(link.href).pathname.split("/").pop(),
    title: article.querySelector("h1, h2").textContent.trim(),
    original: article.querySelector(".original")?.textContent ?? "",
    year: Number(article.querySelector(".year")?.textContent) || undefined,
  };
}

// The toggles. A refresh of the page leaves elements with `data-local` as they are.

const TOGGLES = `<p class="marks" data-local>
<button type="button" data-mark="seen">Seen<span class="visually-hidden"></span></button>
<button type="button" data-mark="want">Want to see<span class="visually-hidden"></span></button>
</p>`;

/** Shows the marks of all movies on the page. */
function show() {
  const marks = read();
  for (const article of main.querySelectorAll("article[data-kind=movie]")) {
    const movie = movieOf(article);
    const place = article.querySelector(":scope > .title") ?? article;
    if (!place.querySelector(":scope > .marks")) place.insertAdjacentHTML("beforeend", TOGGLES);
    for (const button of place.querySelectorAll(":scope > .marks button")) {
      button.setAttribute("aria-pressed", Boolean(find(marks, movie)?.[button.dataset.mark]));
      button.lastChild.textContent = `: ${movie.title}`;
    }
  }
  document.dispatchEvent(new Event("marks"));
}

main.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-mark]");
  if (!button) return;
  const movie = movieOf(button.closest("article"));
  const { mark } = button.dataset;
  update((marks) => {
    const isOn = !find(marks, movie)?.[mark];
    const others = mark === "want" ? {} : isOn ? { want: false } : { watched: undefined };
    set(marks, movie, { [mark]: isOn, ...others });
  });
});

// On the list of movies: the filters, export and import. Their scripts are loaded when they are used.

const FILTERS = `<nav class="mark-filter" aria-label="Your marks" data-local><ul>
<li><a href="#all" aria-current="true">All</a></li>
<li><a href="#seen">Seen</a></li>
<li><a href="#want-to-see">Want to see</a></li>
<li><a href="#not-seen">Not seen</a></li>
</ul></nav>`;
const FILES = `<details class="mark-files" data-local><summary>Export or import your marks</summary></details>`;

const store = { read, update, find, set, movieOf, fold, readable, serialize, show, listPath: `${base}/movies` };

async function load(script) {
  const part = await import(script).catch(() => showMessage("This could not be loaded. Reload the page to try again."));
  part?.start(store);
}

function loadFilter() {
  if (!main.querySelector(`.mark-filter a:not([aria-current])[href="${CSS.escape(location.hash)}"]`)) return;
  removeEventListener("hashchange", loadFilter);
  load("./mark-filter.js");
}

if (main.querySelector("#filters")) {
  main.querySelector(".title").insertAdjacentHTML("beforeend", FILTERS);
  main.insertAdjacentHTML("beforeend", FILES);
  main.lastChild.addEventListener("toggle", () => load("./mark-files.js"), { once: true });
  addEventListener("hashchange", loadFilter);
  loadFilter();
}
show();
document.addEventListener("refreshed", show);
addEventListener("storage", ({ key }) => (key === storageKey || key === null) && show());
addEventListener("pageshow", ({ persisted }) => persisted && show());
