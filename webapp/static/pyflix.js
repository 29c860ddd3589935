// Makes the pages live. Without it they show the same after a reload.

/** The path of the site's address, from the address of this script: empty or like `/pyflix`. */
const base = new URL("..", import.meta.url).pathname.slice(0, -1);

/** The URL of a path of this site, without user and password, which fetch refuses. */
const url = (path) => location.origin + base + path;

const main = document.querySelector("main");
const field = document.querySelector("#search");

/** The version that this page shows; undefined if it follows the newest one. */
const shownAsOf = field.form.elements.version?.value;

const make = (name, attributes = {}, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};

// Keeps an open page up to date with the catalogue.

/** The identity of a node across refreshes. */
const key = (node) => node.id || node.dataset?.id || (node.nodeName === "LI" && node.querySelector("[data-id]")?.dataset.id);

/** Whether a script added a node, so that a page of the server does not have it. */
const isLocal = (node) => node?.dataset?.local !== undefined;

/** Turns one tree into another without replacing equal nodes, so focus, typed text and scroll position stay. */
function morph(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (name !== "open" && name !== "data-changed" && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  const keyed = new Map([...old.children].filter((child) => !isLocal(child)).map((child) => [key(child), child]));
  let at = old.firstChild;
  for (const node of [...fresh.childNodes]) {
    let next = at;
    while (isLocal(next)) next = next.nextSibling;
    const alike = next?.nodeName === node.nodeName && !key(next);
    const match = key(node) ? keyed.get(key(node)) : alike && next;
    if (!match) {
      old.insertBefore(node, at);
      continue;
    }
    keyed.delete(key(match));
    if (match === next) at = next.nextSibling;
    else old.insertBefore(match, at);
    if (node.nodeType === Node.ELEMENT_NODE) morph(match, node);
    else if (match.data !== node.data) match.data = node.data;
  }
  while (at) {
    const next = at.nextSibling;
    if (!isLocal(at)) at.remove();
    at = next;
  }
}

let pending;
let latest; // the promise of the last refresh

/** The text of the notice, or of the headline of the status page. */
const shownNotice = () => main.querySelector(".notice, .headline")?.textContent;

/** Fetches this page again and shows the differences. */
async function refresh() {
  pending?.abort();
  pending = new AbortController();
  const response = await get(location.origin + location.pathname + location.search, { signal: pending.signal });
  // 410 is the page of an item that was removed.
  if (!(response.ok || response.status === 410) || response.redirected) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const focused = document.activeElement;
  const notice = shownNotice();
  for (const part of ["main", ".colophon"]) {
    const fresh = page.querySelector(part);
    localize(fresh);
    morph(document.querySelector(part), fresh);
  }
  document.title = page.title;
  document.dispatchEvent(new Event("refreshed"));
  if (document.activeElement !== focused) {
    (focused.isConnected ? focused : main).focus({ preventScroll: true });
  }
  const now = shownNotice();
  if (now !== notice) announcement.textContent = now ?? "The catalogue is up to date again.";
}

/** Refreshes the page, and waits for the refresh that replaces this one, too. */
async function update() {
  latest = refresh().catch(() => {});
  for (let awaited; awaited !== latest;) await (awaited = latest);
}

/** Marks what changed, for a while. */
function mark(changed) {
  for (const { kind, id, what } of changed) {
    for (const { dataset } of main.querySelectorAll(`[data-kind="${kind}"][data-id="${CSS.escape(id)}"]`)) {
      dataset.changed = what;
      setTimeout(() => delete dataset.changed, 10_000);
    }
  }
}

const announcement = make("p", { class: "visually-hidden" });
const liveRegion = make("div", { class: "live", role: "status" }, announcement);
document.body.append(liveRegion);

/** Such as “The Boy and the Heron was added, 1 more change”. */
function summary(counts, [first]) {
  if (!first) return "Catalogue updated";
  const others = Object.values(counts).reduce((sum, count) => sum + count, -1);
  const more = others > 0 ? `, ${others} more ${others === 1 ? "change" : "changes"}` : "";
  return `${first.name} was ${first.what}${more}`;
}

let fading;
const clearMessage = () => liveRegion.replaceChildren(announcement);

/** Removes the message after 10 s, later if the pointer or the focus is on it. */
function fade() {
  clearTimeout(fading);
  fading = setTimeout(() => liveRegion.matches(":hover, :focus-within") ? fade() : clearMessage(), 10_000);
}

function showMessage(...content) {
  const dismiss = make("button", { type: "button", "aria-label": "Dismiss" }, "×");
  dismiss.addEventListener("click", clearMessage);
  liveRegion.replaceChildren(announcement, make("p", {}, ...content), dismiss);
  fade();
}

liveRegion.addEventListener("pointerleave", fade);
liveRegion.addEventListener("focusout", fade);
document.addEventListener("show-message", ({ detail }) => showMessage(detail));

// Server-sent events. One tab of the browser has the stream and passes the events on to the others,
// because a browser opens at most six connections to a host. The lock says which tab; without locks
// (plain HTTP from another machine) each visible tab has a stream.

const streamName = `pyflix-events${base}`; // this PyFlix, if there are several on the host
const channel = new BroadcastChannel(streamName);
/** The version that the page was made from; NaN on an error page. */
const shownVersion = () => Number(document.querySelector("[data-version]")?.dataset.version);
/** The digest of the notices about the syncs that the page has; none on an error page. */
const shownNotices = () => document.querySelector("[data-notices]")?.dataset.notices;

let source; // the stream, if it is this tab's
let last = ""; // the id of the last event
let known = {}; // version and notices of the last event that has them
let wait = 1_000;
let retry;
let joined; // releases the lock, or gives up waiting for it
let leaving;
let missed; // the last event while the tab was hidden

/** Refreshes the page if it is behind; the status page at every event. */
function catchUp({ version, notices }) {
  const shown = shownVersion();
  const isOutdated = !Number.isNaN(shown) && version !== shown;
  const hasOtherNotices = shownNotices() !== undefined && notices !== shownNotices();
  if (isOutdated || hasOtherNotices || main.querySelector(".conditions")) update();
}

const handlers = {
  hello: catchUp,
  resync: update,
  status: catchUp,
  async version(version) {
    if (version.version <= shownVersion()) return;
    await update();
    mark(version.changed);
    showMessage(make("a", { href: url(`/changes/${version.version}`) }, summary(version.counts, version.changed)));
  },
};

function receive({ name, id, data }) {
  if (shownAsOf) return;
  last = id || last;
  known = { ...known, version: data.version, ...(data.notices && { notices: data.notices }) };
  if (!document.hidden) handlers[name](data);
  // A status follows each version, which is announced once the tab is shown.
  else if (missed?.name !== "version" || name !== "status") missed = { name, data };
}

function open() {
  source = new EventSource(url(`/events?last_event_id=${encodeURIComponent(last)}`));
  for (const name of Object.keys(handlers)) {
    source.addEventListener(name, (event) => {
      const message = { name, id: event.lastEventId, data: JSON.parse(event.data) };
      receive(message);
      channel.postMessage(message);
    });
  }
  source.addEventListener("open", () => wait = 1_000);
  source.addEventListener("error", () => {
    source.close();
    retry = setTimeout(open, wait * (1 + Math.random()));
    wait = Math.min(wait * 2, 60_000);
  });
}

function close() {
  clearTimeout(retry);
  source?.close();
  source = undefined;
}

function join() {
  clearTimeout(leaving);
  if (joined || shownAsOf) return;
  if (!navigator.locks) {
    open();
    joined = close;
    return;
  }
  const waiting = new AbortController();
  joined = () => waiting.abort();
  const hold = () => new Promise((release) => {
    joined = () => {
      close();
      release();
    };
    open();
  });
  navigator.locks.request(streamName, { signal: waiting.signal }, hold).catch(() => {});
  // The tab that has the stream replies with what it knows.
  channel.postMessage({ name: "ask" });
}

function leave() {
  clearTimeout(leaving);
  joined?.();
  joined = undefined;
}

channel.onmessage = ({ data: message }) => {
  if (message.name !== "ask") receive(message);
  else if (source && known.notices) channel.postMessage({ name: "hello", id: last, data: known });
};

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    leaving = setTimeout(leave, navigator.locks ? 60_000 : 0);
    return;
  }
  join();
  if (missed) handlers[missed.name](missed.data);
  missed = undefined;
});
document.addEventListener("freeze", leave);
// The browser keeps only pages without a connection or a lock for the way back.
addEventListener("pagehide", leave);
addEventListener("pageshow", ({ persisted }) => persisted && join());

// Times are shown in the reader's time zone, with their age by the server's clock.

let clockOffset = Number(sessionStorage.getItem("clock-offset") ?? NaN);

/** Fetches from this site, and reads the server's clock from the response. */
async function get(address, options) {
  const response = await fetch(address, options);
  const date = Date.parse(response.headers.get("date"));
  // The Date field has no fractions of a second.
  if (!Number.isNaN(date)) {
    clockOffset = date + 500 - Date.now();
    sessionStorage.setItem("clock-offset", clockOffset);
  }
  return response;
}

const relative = new Intl.RelativeTimeFormat("en");
const localDay = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });
const localMinute = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
const localClock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

/** The age of a moment in words, by the server's clock. */
function ageOf(moment) {
  const seconds = Math.trunc((Date.now() + clockOffset - moment) / 1000);
  const size = Math.abs(seconds);
  if (seconds > -1 && seconds < 60) return "just now";
  const [length, unit] = size < 60 ? [1, "second"] : size < 3600 ? [60, "minute"] : size < 172_800 ? [3600, "hour"] : [86_400, "day"];
  return relative.format(-Math.trunc(seconds / length), unit);
}

/** The text of a time that is not shown in full: its age, when it is due, or its time of day. */
function shortForm(form, moment, age) {
  if (form === "clock") {
    const days = [moment, Date.now()].map((time) => localDay.format(time));
    return (days[0] === days[1] ? "" : `${days[0]}, `) + localClock.format(moment);
  }
  return form === "due" && age === "just now" ? "now" : age;
}

/**
 * Writes times in the local time zone, with UTC in the title and the age beside them. A time with
 * a form of its own has the local time in the title.
 */
function localize(part) {
  for (const time of part.querySelectorAll("time[datetime*=T]")) {
    const moment = Date.parse(time.dateTime);
    const local = `${localDay.format(moment)}, ${localMinute.format(moment)}`;
    const { form } = time.dataset;
    const age = Number.isNaN(clockOffset) ? undefined : ageOf(moment);
    const text = (form && shortForm(form, moment, age)) ?? local;
    if (form) time.title = local;
    else time.title ||= time.textContent;
    if (time.textContent !== text) time.textContent = text;
    if (age) time.dataset.age = age;
  }
}

const showTimes = () => localize(document);
setInterval(showTimes, 5_000);

// Commands and programs to copy.

document.addEventListener("click", async ({ target }) => {
  if (target.dataset?.copy === undefined) return;
  const copied = target.previousElementSibling;
  getSelection().selectAllChildren(copied);
  // Only on HTTPS and on this machine; elsewhere the text is selected.
  if (!navigator.clipboard) return;
  await navigator.clipboard.writeText(copied.textContent);
  target.textContent = "Copied";
  setTimeout(() => target.textContent = "Copy", 2_000);
});

// The search field: `/` leads to it, and it suggests names.

const list = make("ul", { id: "suggestions", role: "listbox", "aria-label": "Suggestions", hidden: "" });
let chosen = -1;
let typing;
let requestedQuery;

function choose(index) {
  const options = [...list.children];
  chosen = (index + options.length + 1) % (options.length + 1);
  if (chosen === options.length) chosen = -1;
  options.forEach((option, at) => option.setAttribute("aria-selected", at === chosen));
  if (chosen < 0) field.removeAttribute("aria-activedescendant");
  else field.setAttribute("aria-activedescendant", options[chosen].id);
  options[chosen]?.scrollIntoView({ block: "nearest" });
}

function showSuggestions(suggestions) {
  list.replaceChildren(...suggestions.map(({ name, kind, href }, at) => {
    const option = make("li", { role: "option", id: `suggestion-${at}`, "data-href": shownAsOf ? `${href}?version=${shownAsOf}` : href }, name, " ", make("small", {}, kind));
    option.addEventListener("click", () => location.assign(option.dataset.href));
    return option;
  }));
  list.hidden = suggestions.length === 0;
  field.setAttribute("aria-expanded", !list.hidden);
  choose(-1);
}

async function suggest() {
  const query = requestedQuery = field.value.trim();
  const asOf = shownAsOf ? `&version=${shownAsOf}` : "";
  const response = query ? await get(url(`/search/suggest?q=${encodeURIComponent(query)}${asOf}`)) : undefined;
  const suggestions = response?.ok ? await response.json() : [];
  if (requestedQuery === query) showSuggestions(suggestions);
}

// The list stays as it is: a late response would take away what is chosen in it.
function freeze() {
  clearTimeout(typing);
  requestedQuery = undefined;
}

function closeList() {
  freeze();
  showSuggestions([]);
}

for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id })) {
  field.setAttribute(name, value);
}
field.after(list);
field.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => suggest().catch(closeList), 100);
});
field.addEventListener("blur", closeList);
list.addEventListener("mousedown", (event) => event.preventDefault());
field.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && !list.hidden) {
    freeze();
    choose(chosen + step);
  } else if (event.key === "Enter" && chosen >= 0) location.assign(list.children[chosen].dataset.href);
  else if (event.key === "Escape" && !list.hidden) closeList();
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

showTimes();
if (Number.isNaN(clockOffset)) get(url("/healthz"), { method: "HEAD" }).then(showTimes, () => {});
if (!document.hidden) join();
