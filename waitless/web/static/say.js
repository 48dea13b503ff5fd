// The page's own words, in its language, and the line that screen readers read out when it changes.
const words = document.getElementById("words").dataset;
const told = document.getElementById("told");

export const say = (name, values = {}) =>
  (words[name] ?? "").replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
// The same again is not read out again.
export const tell = (text) => { if (told.textContent !== text) told.textContent = text; };
export const clock = (moment) =>
  moment.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

// What is kept stays on this device. A browser may refuse to keep anything.
export const keep = (name, value) => {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, JSON.stringify(value));
  } catch { /* not kept, then */ }
};
export const kept = (name) => {
  try { return JSON.parse(localStorage.getItem(name)); } catch { return null; }
};
