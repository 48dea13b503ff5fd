// A small map: the roads of the area as one drawing of ours, places as shapes. The text says it all without.
import { say } from "./say.js";

const SHAPES = {
  ed: '<rect x="4" y="4" width="20" height="20"/>',
  utc: '<circle cx="14" cy="14" r="11"/>',
  miu: '<path d="M14 3 26 25H2z"/>',
  "walk-in": '<path d="M14 2 26 14 14 26 2 14z"/>',
};

export function offerMap() {
  const box = document.getElementById("map-box");
  if (!box) return;
  box.hidden = false;
  box.addEventListener("toggle", () => {
    if (box.open && !box.dataset.drawn) {
      box.dataset.drawn = "yes";
      Promise.all([load("link", { rel: "stylesheet", href: "/static/leaflet.css" }),
        load("script", { src: "/static/leaflet.js" })]).then(draw, () => { delete box.dataset.drawn; });
    }
  });
}

function load(tag, attributes) {
  return new Promise((done, failed) => {
    const element = Object.assign(document.createElement(tag), attributes, { onload: done, onerror: failed });
    document.head.append(element);
  });
}

function draw() {
  const { L } = window;
  const element = document.getElementById("map");
  const { bounds, origin, marks, tiles } = JSON.parse(element.dataset.map);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const map = L.map(element, { maxBounds: L.latLngBounds(bounds).pad(0.1), minZoom: 8, maxZoom: tiles ? 17 : 14,
    zoomAnimation: !still, fadeAnimation: !still, markerZoomAnimation: !still });
  map.attributionControl.setPrefix(false);
  if (tiles) L.tileLayer(tiles.url, { attribution: tiles.attribution }).addTo(map);
  else L.imageOverlay("/static/roads.svg", bounds).addTo(map);
  L.marker([origin.lat, origin.lon], { title: say("youAreHere"), alt: say("youAreHere"), keyboard: false,
    icon: icon('<circle cx="14" cy="14" r="5"/><circle cx="14" cy="14" r="11" fill="none"/>', "here") }).addTo(map);
  marks.forEach((mark, i) => {
    const words = `${mark.name}: ${mark.words}`;
    const besides = marks.slice(0, i).filter((one) => Math.abs(one.lat - mark.lat) + Math.abs(one.lon - mark.lon) < 0.005).length;
    L.marker([mark.lat, mark.lon], { title: words, alt: words, icon: icon(SHAPES[mark.kind] ?? SHAPES.utc, mark.level, besides) })
      .bindPopup(Object.assign(document.createElement("span"), { textContent: words })).addTo(map);
  });
  const near = marks.filter((mark) => mark.level !== "out").map((mark) => [mark.lat, mark.lon]);
  map.fitBounds([[origin.lat, origin.lon], ...near.slice(0, 3)], { padding: [30, 30], maxZoom: 12 });
}

// Places on one site stand side by side.
function icon(shape, level, besides = 0) {
  const { L } = window;
  return L.divIcon({ className: `mark ${level}`, iconSize: [44, 44], iconAnchor: [22 - 26 * besides, 22],
    html: `<svg viewBox="0 0 28 28" width="28" height="28" aria-hidden="true">${shape}</svg>` });
}
