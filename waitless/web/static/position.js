// Offers the device's position. It is rounded here, before it leaves the device, to about 100 m.
import { say, tell } from "./say.js";

export function offerPosition() {
  const button = document.getElementById("locate");
  const form = document.getElementById("ask");
  if (!navigator.geolocation) return;
  button.hidden = false;
  const set = (name, value) => {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = name;
    field.value = value.toFixed(3);
    form.append(field);
  };
  button.addEventListener("click", () => {
    tell(say("finding"));
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        document.getElementById("place").disabled = true;
        set("lat", coords.latitude);
        set("lon", coords.longitude);
        form.submit();
      },
      () => tell(say("notFound")),
      { maximumAge: 60000, timeout: 10000 },
    );
  });
}
