// The service worker: keeps the last answer for when there is no connection, and says how old it is.
const SHELL = "waitless-shell-1";
const LAST = "waitless-last-1";
const FILES = ["/static/waitless.css", "/static/page.js", "/static/say.js", "/static/position.js",
  "/static/remember.js", "/static/going.js", "/static/live.js", "/static/map.js", "/static/icon.svg"];

addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(FILES)).then(() => skipWaiting()));
});
addEventListener("activate", (event) => {
  event.waitUntil(caches.keys().then((names) => Promise.all(
    names.filter((name) => name !== SHELL && name !== LAST).map((name) => caches.delete(name)),
  )).then(() => clients.claim()));
});
addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== location.origin) return;
  if (pathname === "/") event.respondWith(page(event.request));
  else if (FILES.includes(pathname)) event.respondWith(file(event.request));
});

// One page is kept, the last: the newest answer, or the form before there was any.
async function page(request) {
  try {
    const response = await fetch(request);
    if (response.status === 200) {
      const copy = response.clone();
      const { headers } = copy;
      const body = await copy.text();
      const cache = await caches.open(LAST);
      const isAnswer = body.includes('id="answer"');
      if (isAnswer || !(await cache.match("/last"))) {
        await cache.put("/last", new Response(body.replace('<main ', '<main data-kept '), { headers }));
      }
    }
    return response;
  } catch (fault) {
    const last = await caches.open(LAST).then((cache) => cache.match("/last"));
    if (last) return last;
    throw fault;
  }
}

async function file(request) {
  try {
    const response = await fetch(request);
    if (response.ok) await caches.open(SHELL).then((cache) => cache.put(request, response.clone()));
    return response;
  } catch (fault) {
    const last = await caches.match(request);
    if (last) return last;
    throw fault;
  }
}
