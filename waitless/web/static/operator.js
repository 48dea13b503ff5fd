// The operators' page, kept fresh: the server renders it, this only fetches it again and swaps what
// is marked as live. Nothing here knows what the figures mean.
"use strict";

const LEAST_MS = 2000;
const LONGEST_MS = 15000;
const spoken = document.getElementById("spoken");
const late = document.getElementById("late");
const pause = document.getElementById("pause");
const listing = document.getElementById("listing");
let renewedAt = Date.now();
let planned = 0;
let busy = false;

function address() {
  const url = new URL(location.href);
  url.searchParams.delete("done");
  return url;
}

function swap(before, after) {
  const active = document.activeElement;
  const inside = before.contains(active);
  if (inside && !active.id) return;
  for (const one of before.querySelectorAll("details[id]")) {
    const same = after.querySelector(`[id="${CSS.escape(one.id)}"]`);
    if (same) same.open = one.open;
  }
  before.replaceWith(after);
  if (inside) document.getElementById(active.id)?.focus({ preventScroll: true });
}

async function renew() {
  if (busy) return;
  busy = true;
  try {
    const response = await fetch(address(), { headers: { Accept: "text/html" } });
    if (response.redirected || response.status === 401) return location.reload();
    if (!response.ok) throw new Error(String(response.status));
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    const summary = document.getElementById("summary")?.textContent;
    for (const after of fresh.querySelectorAll("[data-live]")) {
      const before = document.getElementById(after.id);
      if (before) swap(before, document.adoptNode(after));
    }
    document.title = fresh.title;
    const now = document.getElementById("summary")?.textContent;
    if (now !== summary) spoken.textContent = now;
    renewedAt = Date.now();
    late.hidden = true;
  } catch {
    late.querySelector("span").textContent = new Date(renewedAt).toLocaleTimeString();
    late.hidden = false;
  } finally {
    busy = false;
  }
}

function isPaused() {
  return pause.getAttribute("aria-pressed") === "true";
}

function plan(after) {
  if (isPaused()) return;
  clearTimeout(planned);
  planned = setTimeout(async () => { await renew(); plan(LONGEST_MS); }, after);
}

function hear() {
  plan(Math.max(0, LEAST_MS - (Date.now() - renewedAt)));
}

function show() {
  const url = address();
  for (const name of ["find", "sort", "only"]) url.searchParams.delete(name);
  for (const [name, value] of new FormData(listing)) if (value) url.searchParams.set(name, value);
  history.replaceState(null, "", url);
  clearTimeout(planned);
  planned = setTimeout(async () => {
    await renew();
    spoken.textContent = document.getElementById("shown").textContent;
    plan(LONGEST_MS);
  }, 200);
}

function press(event) {
  const keys = document.getElementById("keys");
  const typing = event.target.closest?.("input, select, textarea");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !keys?.checked) return;
  const act = { "/": () => document.getElementById("find").focus(), h: () => go("held"), p: () => pause.click() }[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

function go(id) {
  const section = document.getElementById(id);
  section.scrollIntoView();
  section.querySelector("a, summary")?.focus();
}

pause.hidden = false;
pause.addEventListener("click", () => {
  const paused = !isPaused();
  pause.setAttribute("aria-pressed", String(paused));
  pause.textContent = paused ? "Paused" : "Pause";
  if (paused) clearTimeout(planned); else plan(0);
});
if (listing) {
  listing.addEventListener("input", show);
  listing.addEventListener("submit", (event) => { event.preventDefault(); show(); });
}
const keys = document.getElementById("keys");
if (keys) {
  document.getElementById("keys-box").hidden = false;
  keys.checked = localStorage.getItem("operator-keys") !== "off";
  keys.addEventListener("change", () => localStorage.setItem("operator-keys", keys.checked ? "on" : "off"));
  document.addEventListener("keydown", press);
}
document.getElementById("panel-title")?.focus({ preventScroll: true });
const events = new EventSource("/operator/events");
for (const name of ["board", "feeds"]) events.addEventListener(name, hear);
addEventListener("pagehide", () => events.close());
plan(LONGEST_MS);
