// Offers the device's position. It is rounded here, before it leaves the device, to about 100 m.
"use strict";
(() => {
  const button = document.getElementById("locate");
  const form = document.getElementById("ask");
  const told = document.getElementById("located");
  if (!button || !navigator.geolocation) return;
  button.hidden = false;
  const set = (name, value) => {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = name;
    field.value = value.toFixed(3);
    form.append(field);
  };
  button.addEventListener("click", () => {
    told.textContent = "Finding your position…";
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        document.getElementById("place").disabled = true;
        set("lat", coords.latitude);
        set("lon", coords.longitude);
        form.submit();
      },
      () => { told.textContent = "Your position could not be found. Please type a postcode or town."; },
      { maximumAge: 60000, timeout: 10000 },
    );
  });
})();
