// SPDX-License-Identifier: Apache-2.0
// Keeps the last contact sheet for when the line is gone. It sees the directory's page and nothing else: that is its
// scope. What it keeps is the sheet and its stylesheet; signing out erases both, and this worker with them.
const shelf = "rogatory-contacts", page = "/console/directory", sheet = page + "/sheet";

const keep = async () => {
  const r = await fetch(sheet);
  if (!r.ok || r.redirected) return;
  const style = (await r.clone().text()).match(/href="(\/console\/assets\/[^"]+\.css)"/);
  const css = style && await fetch(style[1]);
  await caches.delete(shelf);
  const kept = await caches.open(shelf);
  await kept.put(page, r);
  if (css && css.ok) await kept.put(style[1], css);
};
const kept = async (path) => (await (await caches.open(shelf)).match(path)) || Response.error();

self.addEventListener("install", (e) => e.waitUntil(keep().catch(() => {}).then(() => self.skipWaiting())));
self.addEventListener("activate", (e) => e.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (e) => {
  const path = new URL(e.request.url).pathname;
  if (e.request.method !== "GET") return;
  if (e.request.mode === "navigate" && path === page) {
    e.respondWith(fetch(e.request).then(async (r) => {
      // A proxy that cannot reach the office is a line that is gone.
      if ([502, 503, 504].includes(r.status)) {
        const old = await kept(page);
        return old.ok ? old : r;
      }
      if (r.ok) e.waitUntil(keep().catch(() => {}));
      return r;
    }, () => kept(page)));
  } else if (path.endsWith(".css")) {
    e.respondWith(fetch(e.request).catch(() => kept(path)));
  }
});
