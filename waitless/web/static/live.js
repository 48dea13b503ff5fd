// Asks for the page again each minute that it is looked at, and puts the new answer in its place.
import { showButtons } from "./going.js";
import { say, tell } from "./say.js";

const EVERY_MS = 60000;
let tag = null;

export function keepFresh() {
  if (!document.getElementById("answer")) return;
  if (!navigator.onLine) tellOffline();
  addEventListener("offline", tellOffline);
  addEventListener("online", () => { tell(""); renew(); });
  setInterval(renew, EVERY_MS);
  document.addEventListener("visibilitychange", renew);
}

function tellOffline() {
  tell(say("offline", { clock: document.getElementById("answer").dataset.made }));
}

async function renew() {
  if (document.hidden || document.querySelector("#answer details[open]")) return; // not under a reader's eyes
  let response;
  try {
    response = await fetch(location.href, { headers: tag ? { "If-None-Match": tag } : {} });
  } catch {
    return tellOffline();
  }
  if (response.headers.has("X-Kept-Since")) return tellOffline();
  if (response.status !== 200) return;
  tag = response.headers.get("ETag");
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("answer");
  const old = document.getElementById("answer");
  if (!fresh || old.contains(document.activeElement)) return;
  old.replaceWith(fresh);
  showButtons();
  if (fresh.dataset.first !== old.dataset.first && fresh.dataset.name) {
    tell(say("updated", { place: fresh.dataset.name }));
  }
}
