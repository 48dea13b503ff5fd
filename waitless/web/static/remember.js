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
    for (const name of FIELDS) {
      const field = form.elements[name];
      const known = field instanceof HTMLSelectElement || field instanceof RadioNodeList
        ? [...(field.options ?? field)].some((one) => one.value === choices[name])
        : true;
      if (typeof choices[name] === "string" && known) field.value = choices[name];
    }
  }
  if (choices) offerToForget(note);
  form.addEventListener("submit", () => {
    keep(NAME, Object.fromEntries(FIELDS.map((name) => [name, form.elements[name].value])));
  });
}

function offerToForget(note) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button second";
  button.textContent = say("forget");
  button.addEventListener("click", () => {
    keep(NAME, null);
    note.hidden = true;
    tell(say("forgotten"));
  });
  note.append(say("remembered"), " ", button);
  note.hidden = false;
}
