// Asks for the page again each minute that it is looked at, and puts the new answer in its place.
import { showButtons } from "./going.js";
import { clock, say, tell } from "./say.js";

const EVERY_MS = 60000;
const LEFT_ALONE_MS = 5 * EVERY_MS; // so long an answer is not changed under a reader's eyes
const answer = () => document.getElementById("answer");
let tag = null;
let askedAt = Date.now();
let isOffline = false;

export function keepFresh() {
  if (!navigator.onLine || isKept(document)) tellOffline();
  addEventListener("offline", tellOffline);
  addEventListener("online", () => { tellOnline(); renew(); });
  if (!answer()) return;
  setInterval(renew, EVERY_MS);
  document.addEventListener("visibilitychange", renew);
}

// What the service worker kept of an earlier visit.
const isKept = (page) => page.getElementById("main")?.dataset.kept !== undefined;

function tellOffline() {
  isOffline = true;
  const made = answer()?.dataset.made;
  tell(made ? say("offline", { clock: day(new Date(made)) + clock(new Date(made)) }) : say("noLine"));
}

function tellOnline() {
  if (isOffline) tell("");
  isOffline = false;
}

function day(moment) {
  if (moment.toDateString() === new Date().toDateString()) return "";
  const { lang } = document.documentElement;
  return `${moment.toLocaleDateString(lang === "en" ? "en-GB" : lang, { day: "numeric", month: "long" })}, `;
}

async function renew() {
  const old = answer();
  if (!old || document.hidden) return;
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const isRead = focused || old.querySelector("details[open]");
  if (isRead && Date.now() - askedAt < LEFT_ALONE_MS) return;
  let response;
  let page;
  try {
    response = await fetch(location.href, { headers: tag ? { "If-None-Match": tag } : {} });
    page = new DOMParser().parseFromString(await response.text(), "text/html");
  } catch {
    return tellOffline();
  }
  if (isKept(page)) return tellOffline();
  tellOnline();
  if (response.ok || response.status === 304) askedAt = Date.now();
  const fresh = page.getElementById("answer");
  if (response.status !== 200 || !fresh || old !== answer()) return;
  tag = response.headers.get("ETag");
  put(fresh, old);
  document.title = page.title;
  if (fresh.dataset.first !== old.dataset.first && fresh.dataset.name) {
    tell(say("updated", { place: fresh.dataset.name }));
  }
}

// What is open stays open, and what has the focus keeps it.
function put(fresh, old) {
  const active = document.activeElement;
  const place = old.contains(active) ? active.closest("[data-place]")?.dataset.place : undefined;
  const list = (within) => [...within.querySelectorAll(`[data-place="${CSS.escape(place)}"] :is(a, button, summary)`)];
  const index = place === undefined ? -1 : list(old).indexOf(active);
  for (const one of old.querySelectorAll("details[open]")) {
    const same = fresh.querySelector(`[id="${CSS.escape(one.id)}"]`);
    if (same) same.open = true;
  }
  old.replaceWith(fresh);
  showButtons();
  if (index >= 0) list(fresh)[index]?.focus({ preventScroll: true });
}
