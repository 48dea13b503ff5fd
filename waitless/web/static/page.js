// Everything here is an addition: the page is whole without it.
import { offerPosition } from "./position.js";
import { remember } from "./remember.js";
import { followJourney } from "./going.js";
import { keepFresh } from "./live.js";
import { offerMap } from "./map.js";

offerPosition();
remember();
followJourney();
keepFresh();
offerMap();
if ("serviceWorker" in navigator) {
  navigator.serviceWorker.register("/static/offline.js", { scope: "/" }).catch(() => {});
}
