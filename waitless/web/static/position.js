// Offers the device's position. It is rounded here, before it leaves the device, to about 100 m.
import { say, tell } from "./say.js";

export function offerPosition() {
  const button = document.getElementById("locate");
  const form = document.getElementById("ask");
  if (!navigator.geolocation) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    tell(say("finding"));
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const asked = new URLSearchParams(new FormData(form));
        asked.delete("place");
        asked.set("lat", coords.latitude.toFixed(3));
        asked.set("lon", coords.longitude.toFixed(3));
        location.assign(`/?${asked}`);
      },
      () => tell(say("notFound")),
      { maximumAge: 60000, timeout: 10000 },
    );
  });
}
