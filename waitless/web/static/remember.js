// Fills the form in as it was last sent from this device. What has happened is not remembered.
import { keep, kept, say, tell } from "./say.js";

const NAME = "waitless.choices";
const FIELDS = ["place", "mode", "age"];

export function remember() {
  const form = document.getElementById("ask");
  const note = document.getElementById("remembered");
  const choices = kept(NAME);
  const asked = new URLSearchParams(location.search);
  if (choices && !FIELDS.some((name) => asked.has(name)) && !asked.has("lat")) {
    for (const name of FIELDS) fill(form, name, choices[name]);
  }
  if (choices) offerToForget(note);
  form.addEventListener("submit", () => {
    keep(NAME, Object.fromEntries(FIELDS.map((name) => [name, form.elements[name].value])));
  });
}

// Only what the form offers: a way of travelling may be gone since.
function fill(form, name, value) {
  if (typeof value !== "string") return;
  const radio = form.querySelector(`input[type=radio][name=${name}][value="${CSS.escape(value)}"]`);
  const field = form.querySelector(`input[name=${name}]:not([type=radio]), select[name=${name}]`);
  if (radio) radio.checked = true;
  else if (field && (!field.options || [...field.options].some((one) => one.value === value))) field.value = value;
}

function offerToForget(note) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button second";
  button.textContent = say("forget");
  button.addEventListener("click", () => {
    keep(NAME, null);
    window.caches?.delete("waitless-last-1").catch(() => {});
    note.hidden = true;
    tell(say("forgotten"));
  });
  note.append(say("remembered"), " ", button);
  note.hidden = false;
}
