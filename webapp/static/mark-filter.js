// Filters the list of movies by their marks. The cards of all pages of the list are copied into a
// list of this script, and the list of the server is hidden. Image requests must not
// reveal the matching cards: either all images are requested or, with several pages, none.

/** Pages that are read at most, of 100 movies each. */
const MAX_PAGES = 50;

const FILTERS = {
  "#seen": (marked) => Boolean(marked?.seen),
  "#want-to-see": (marked) => Boolean(marked?.want),
  "#not-seen": (marked) => !marked?.seen,
};

const main = document.querySelector("main");
/** A copy of an image begins to load at once, except in a document that is not shown. */
const inert = document.implementation.createHTMLDocument();

/** Reads the pages of a list as rows, the shown one from the document. Yields the items of each. */
export async function* pagesOf(address, shown, signal) {
  const url = new URL(location.origin + address);
  url.searchParams.set("view", "list");
  for (let page = 1, last = 1; page <= last; page += 1) {
    let part = main;
    if (page !== shown) {
      url.searchParams.set("page", page);
      const response = await fetch(url, { signal });
      if (!response.ok) throw new Error(`${url}: ${response.status}`);
      part = new DOMParser().parseFromString(await response.text(), "text/html");
    }
    const total = Number(part.querySelector(".pager")?.dataset.pages ?? 1);
    last = Math.min(total, MAX_PAGES);
    yield { page, last, isCut: total > last, items: part.querySelectorAll(".cards:not([data-local]) > li") };
  }
}

const serverList = () => main.querySelector(".cards:not([data-local]), .no-results");

export function start({ read, find, movieOf, listPath, show: showMarks }) {
  serverList().insertAdjacentHTML("beforebegin", `<div class="marked" data-local><p role="status"></p><ol role="list" data-local></ol></div>`);
  const body = main.querySelector(".marked");
  const [status, list] = body.children;
  const nav = main.querySelector(".mark-filter");
  let progress = ""; // of reading the pages
  let reading; // ends the reading of pages
  let focus; // the button of the last click in the list

  const hash = () => Object.hasOwn(FILTERS, location.hash) ? location.hash : "";

  /** Shows the cards that match. */
  function show() {
    const matches = FILTERS[hash()];
    if (!matches) return;
    const marks = read();
    let count = 0;
    for (const item of list.children) {
      item.hidden = !matches(find(marks, movieOf(item.firstElementChild)));
      count += item.hidden ? 0 : 1;
    }
    const total = list.children.length;
    const name = nav.querySelector("[aria-current]").textContent;
    const text = `${name}: ${count} of ${total} ${total === 1 ? "movie" : "movies"}.${progress}`;
    if (status.textContent !== text) status.textContent = text;
    moveFocus();
  }

  /** From a card that a click in it has hidden to the next one. */
  function moveFocus() {
    const item = focus?.closest("li[hidden]");
    if (!item) return;
    const shown = [...list.querySelectorAll(":scope > li:not([hidden])")];
    const isAfter = (other) => item.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING;
    const next = shown.find(isAfter) ?? shown.at(-1);
    (next?.querySelector(`[data-mark=${focus.dataset.mark}]`) ?? nav.querySelector("[aria-current]")).focus();
    focus = undefined;
  }

  function fill(cards, isPaged) {
    list.className = isPaged ? "cards rows" : serverList().className;
    for (const card of cards.values()) {
      if (isPaged) card.querySelector(".art")?.remove();
      else for (const image of card.querySelectorAll("img")) image.loading = "eager";
    }
    list.replaceChildren(...cards.values());
    showMarks();
  }

  async function readPages() {
    reading?.abort();
    const { signal } = reading = new AbortController();
    const shown = Number(new URLSearchParams(location.search).get("page") ?? 1);
    const isFirst = !list.hasChildNodes();
    const cards = new Map();
    let end = "";
    let isPaged = false;
    try {
      for await (const { page, last, isCut, items } of pagesOf(location.pathname + location.search, shown, signal)) {
        for (const item of items) {
          const card = inert.importNode(item, true);
          delete card.firstElementChild.dataset.changed;
          cards.set(card.firstElementChild.dataset.id, card);
        }
        isPaged = last > 1;
        progress = page < last ? ` Reading page ${page + 1} of ${last} …` : "";
        if (isCut) end = ` Only the first ${last} pages were read.`;
        // After a refresh the list is replaced as a whole.
        if (isFirst) fill(cards, isPaged);
      }
    } catch {
      if (signal.aborted) return;
      end = " Some pages could not be read. Reload this page to try again.";
    }
    progress = end;
    fill(cards, isPaged);
  }

  /** Follows the fragment: the filter, and the links to other views of the list. */
  function apply(event) {
    body.toggleAttribute("data-filter", Boolean(hash()));
    for (const link of nav.querySelectorAll("a")) {
      if (link.hash === (hash() || "#all")) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    for (const link of main.querySelectorAll(".toolbar a, .chips a, .pager a, .no-results a")) {
      if (link.pathname === listPath) link.hash = hash();
    }
    main.querySelector("#filters").setAttribute("action", listPath + hash());
    if (!hash()) {
      reading?.abort();
      list.replaceChildren();
      status.textContent = "";
    } else if (event?.type === "refreshed" || !list.hasChildNodes()) {
      readPages();
    } else {
      show();
    }
  }

  list.addEventListener("click", ({ target }) => focus = target.closest("[data-mark]"), { capture: true });
  document.addEventListener("marks", show);
  document.addEventListener("refreshed", apply);
  addEventListener("hashchange", apply);
  apply();
}
