// Makes the pages live. Without it they say the same when they are asked for.

const main = document.querySelector("main");
const field = document.querySelector("#search");

const make = (name, attributes = {}, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};

// What is on the screen follows the catalogue.

/** What makes a node the same as one that was there before. */
const key = (node) => node.id || node.dataset?.id || (node.nodeName === "LI" && node.querySelector("[data-id]")?.dataset.id);

/** Makes one tree like another, and leaves what is alike: focus, typed text, scroll. */
function morph(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (name !== "open" && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  const keyed = new Map([...old.children].map((child) => [key(child), child]));
  let at = old.firstChild;
  for (const node of [...fresh.childNodes]) {
    const alike = at?.nodeName === node.nodeName && !key(at);
    const match = key(node) ? keyed.get(key(node)) : alike && at;
    if (!match) {
      old.insertBefore(node, at);
      continue;
    }
    keyed.delete(key(match));
    if (match === at) at = at.nextSibling;
    else old.insertBefore(match, at);
    if (node.nodeType === Node.ELEMENT_NODE) morph(match, node);
    else if (match.data !== node.data) match.data = node.data;
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

let asking;

/** Asks for this page again and shows what is new in it. */
async function refresh() {
  asking?.abort();
  asking = new AbortController();
  const answer = await fetch(location.href, { signal: asking.signal });
  if (!answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const focused = document.activeElement;
  const notice = main.querySelector(".notice")?.textContent;
  for (const part of ["main", ".colophon"]) {
    morph(document.querySelector(part), page.querySelector(part));
  }
  document.title = page.title;
  ages();
  if (document.activeElement !== focused) {
    (focused.isConnected ? focused : main).focus({ preventScroll: true });
  }
  const now = main.querySelector(".notice")?.textContent;
  if (now !== notice) spoken.textContent = now ?? "The catalogue is up to date again.";
}

const update = () => refresh().catch(() => {});

/** Marks what changed, for a while. */
function mark(changed) {
  for (const { kind, id, what } of changed) {
    for (const { dataset } of main.querySelectorAll(`[data-kind="${kind}"][data-id="${CSS.escape(id)}"]`)) {
      dataset.changed = what;
      setTimeout(() => delete dataset.changed, 10_000);
    }
  }
}

const spoken = make("p", { class: "unseen" });
const news = make("div", { class: "live", role: "status" }, spoken);
document.body.append(news);

/** Such as “The Boy and the Heron was added, 1 more change”. */
function summary(counts, [first]) {
  if (!first) return "Catalogue updated";
  const others = Object.values(counts).reduce((sum, count) => sum + count, -1);
  const more = others > 0 ? `, ${others} more ${others === 1 ? "change" : "changes"}` : "";
  return `${first.name} was ${first.what}${more}`;
}

function tell({ version, counts, changed }) {
  const text = make("p", {}, make("a", { href: `/changes/${version}` }, summary(counts, changed)));
  const dismiss = make("button", { type: "button", "aria-label": "Dismiss" }, "×");
  dismiss.addEventListener("click", () => news.replaceChildren(spoken));
  news.replaceChildren(spoken, text, dismiss);
}

// The news come as server-sent events.

let events;
let last = "";
let wait = 1_000;
let timer;

function listen() {
  stop();
  events = new EventSource(`/events?last_event_id=${encodeURIComponent(last)}`);
  const on = (name, act) => events.addEventListener(name, (event) => {
    last = event.lastEventId || last;
    act(event.data && JSON.parse(event.data));
  });
  on("open", () => wait = 1_000);
  on("hello", ({ version }) => {
    const shown = document.querySelector("[data-version]")?.dataset.version ?? 0;
    if (version !== Number(shown)) update();
  });
  on("version", async (version) => {
    await update();
    mark(version.changed);
    tell(version);
  });
  on("resync", update);
  on("status", update);
  on("error", () => {
    stop();
    timer = setTimeout(listen, wait * (1 + Math.random()));
    wait = Math.min(wait * 2, 60_000);
  });
}

function stop() {
  clearTimeout(timer);
  events?.close();
  events = undefined;
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (document.hidden) timer = setTimeout(stop, 60_000);
  else if (!events) listen();
});
// With an open connection the page could not be kept for the way back.
addEventListener("pagehide", stop);
addEventListener("pageshow", ({ persisted }) => persisted && listen());

// How long ago a moment was.

const relative = new Intl.RelativeTimeFormat("en");

function ages() {
  for (const time of document.querySelectorAll("time[datetime*=T]")) {
    const minutes = Math.floor((Date.now() - Date.parse(time.dateTime)) / 60_000);
    const [count, unit] = minutes < 60 ? [minutes, "minute"] : minutes < 2880 ? [minutes / 60, "hour"] : [minutes / 1440, "day"];
    time.dataset.age = minutes < 1 ? "just now" : relative.format(-Math.floor(count), unit);
  }
}

setInterval(ages, 5_000);

// The search field: `/` leads to it, and it suggests names.

const list = make("ul", { id: "suggestions", role: "listbox", "aria-label": "Suggestions", hidden: "" });
let chosen = -1;
let typing;
let wanted;

function choose(index) {
  const options = [...list.children];
  chosen = (index + options.length + 1) % (options.length + 1);
  if (chosen === options.length) chosen = -1;
  options.forEach((option, at) => option.setAttribute("aria-selected", at === chosen));
  if (chosen < 0) field.removeAttribute("aria-activedescendant");
  else field.setAttribute("aria-activedescendant", options[chosen].id);
  options[chosen]?.scrollIntoView({ block: "nearest" });
}

function offer(suggestions) {
  list.replaceChildren(...suggestions.map(({ name, kind, href }, at) => {
    const option = make("li", { role: "option", id: `suggestion-${at}`, "data-href": href }, name, " ", make("small", {}, kind));
    option.addEventListener("click", () => location.assign(href));
    return option;
  }));
  list.hidden = suggestions.length === 0;
  field.setAttribute("aria-expanded", !list.hidden);
  choose(-1);
}

async function suggest() {
  const asked = wanted = field.value.trim();
  const answer = asked ? await fetch(`/search/suggest?q=${encodeURIComponent(asked)}`) : undefined;
  const suggestions = answer?.ok ? await answer.json() : [];
  if (wanted === asked) offer(suggestions);
}

// The list stays as it is: a late response would take away what is chosen in it.
function freeze() {
  clearTimeout(typing);
  wanted = undefined;
}

function close() {
  freeze();
  offer([]);
}

for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id })) {
  field.setAttribute(name, value);
}
field.after(list);
field.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => suggest().catch(close), 100);
});
field.addEventListener("blur", close);
list.addEventListener("mousedown", (event) => event.preventDefault());
field.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && !list.hidden) {
    freeze();
    choose(chosen + step);
  } else if (event.key === "Enter" && chosen >= 0) location.assign(list.children[chosen].dataset.href);
  else if (event.key === "Escape" && !list.hidden) close();
  else if (event.key === "Escape") field.blur();
  else return;
  event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  const typed = event.target.closest("input, select, textarea, [contenteditable]");
  if (event.key !== "/" || typed || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  field.focus();
  field.select();
});

ages();
listen();
