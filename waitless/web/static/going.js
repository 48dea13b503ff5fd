// "I'm going here": told to the service without a name, watched until the arrival, cancelled at will.
import { clock, keep, kept, say, tell } from "./say.js";

const NAME = "waitless.journey";
const LOOK_EVERY_MS = 60000;
const WORSE_MINUTES = 15;
let watching = null;
let isSending = false;
let isWarned = false;

export function followJourney() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.go");
    if (!button || isSending) return; // two taps are one journey
    isSending = true;
    setOut(button).catch(() => tell(say("notCounted"))).finally(() => { isSending = false; });
  });
  showButtons();
  const journey = kept(NAME);
  if (journey && Date.now() < Date.parse(journey.arrives_at)) follow(journey);
  else keep(NAME, null);
}

export function showButtons() {
  const going = kept(NAME) !== null;
  for (const button of document.querySelectorAll("button.go")) button.hidden = going;
}

async function setOut({ dataset }) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const id = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const going = { id, facility: dataset.facility, mode: dataset.mode, eta_minutes: Number(dataset.minutes) };
  const response = await fetch("/v1/journeys", {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(going),
  });
  if (!response.ok) throw new Error(response.statusText);
  const journey = { ...await response.json(), facility: going.facility, name: dataset.name, question: question(),
    leaves: document.getElementById("answer").dataset.leaves };
  journey.wait = await lookUp(journey).then((found) => found?.wait?.when_seen.mean ?? null, () => null);
  keep(NAME, journey);
  showButtons();
  follow(journey);
  document.querySelector("#going p").focus(); // the button that had it is gone
}

function question() {
  const asked = new URLSearchParams(location.search);
  const kind = new URLSearchParams({ limit: "50" });
  const where = asked.get("place") ? ["place"] : ["lat", "lon"]; // as the page takes it
  for (const name of [...where, "mode", "need", "age"]) {
    if (asked.get(name)) kind.set(name, asked.get(name));
  }
  return kind.toString();
}

// The place as it is answered now; null where it is no destination any more.
async function lookUp(journey) {
  const later = Date.parse(journey.leaves) > Date.now() ? `&depart_at=${encodeURIComponent(journey.leaves)}` : "";
  const response = await fetch(`/v1/recommendations?${journey.question}${later}`, { cache: "no-cache" });
  if (!response.ok) throw new Error(response.statusText);
  const answer = await response.json();
  return answer.destinations.find((one) => one.facility.id === journey.facility) ?? null;
}

function follow(journey) {
  const panel = document.getElementById("going");
  const line = document.createElement("p");
  line.tabIndex = -1;
  line.textContent = say("going", { place: journey.name, clock: clock(new Date(journey.arrives_at)) });
  const cancel = document.createElement("button");
  cancel.type = "button";
  cancel.className = "button";
  cancel.textContent = say("notGoing");
  cancel.addEventListener("click", () => giveUp(journey));
  panel.replaceChildren(line, cancel);
  panel.hidden = false;
  clearInterval(watching);
  watching = setInterval(() => look(journey).catch(() => {}), LOOK_EVERY_MS);
}

async function look(journey) {
  if (Date.now() > Date.parse(journey.arrives_at)) return end();
  const found = await lookUp(journey);
  if (found === null) return warn(say("closing", { place: journey.name }));
  const wait = found.wait?.when_seen.mean;
  if (wait == null) return undefined;
  if (journey.wait !== null && wait - journey.wait >= WORSE_MINUTES) {
    const m = 5 * Math.round((wait - journey.wait) / 5);
    return warn(say("longer", { place: journey.name, m }));
  }
  if (isWarned) tell("");
  isWarned = false;
  return undefined;
}

function warn(text) {
  isWarned = true;
  tell(text);
}

async function giveUp(journey) {
  try {
    const response = await fetch(`/v1/journeys/${journey.id}`, { method: "DELETE" });
    if (!response.ok && response.status !== 404) throw new Error(response.statusText);
    end();
    tell(say("cancelled"));
    (document.querySelector("button.go:not([hidden])") ?? document.getElementById("main")).focus();
  } catch {
    tell(say("notCounted"));
  }
}

function end() {
  clearInterval(watching);
  keep(NAME, null);
  document.getElementById("going").hidden = true;
  showButtons();
}
