// SPDX-License-Identifier: Apache-2.0
// Sends a file in pieces and makes its SHA-256 on this machine, so that the office seals this very file or
// none. The form works without it.
(() => {
  const form = document.querySelector("[data-upload]"), box = document.getElementById("upload");
  if (!form || !box || !window.fetch || !Blob.prototype.arrayBuffer) return;

  // SHA-256 (FIPS 180-4) that can be continued: browsers only offer it for what is in memory at once.
  const primes = (n) => { const p = []; for (let i = 2; p.length < n; i++) if (p.every((q) => i % q)) p.push(i); return p; };
  const part = (x) => ((x - Math.floor(x)) * 4294967296) >>> 0;
  const K = new Uint32Array(primes(64).map((p) => part(Math.cbrt(p)))), H = primes(8).map((p) => part(Math.sqrt(p)));
  class Sha256 {
    constructor(from) {
      this.h = new Uint32Array(from ? from.h : H);
      this.rest = from ? from.rest.slice() : new Uint8Array(64);
      this.n = from ? from.n : 0; // bytes taken
      this.w = new Uint32Array(64);
    }
    block(b, o) {
      const w = this.w, h = this.h;
      for (let i = 0; i < 16; i++, o += 4) w[i] = (b[o] << 24) | (b[o + 1] << 16) | (b[o + 2] << 8) | b[o + 3];
      for (let i = 16; i < 64; i++) {
        const x = w[i - 15], y = w[i - 2];
        w[i] = w[i - 16] + w[i - 7] + (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) + (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10));
      }
      let [a, c, d, e, f, g, k, l] = h;
      for (let i = 0; i < 64; i++) {
        const t = (l + (((f >>> 6) | (f << 26)) ^ ((f >>> 11) | (f << 21)) ^ ((f >>> 25) | (f << 7))) + ((f & g) ^ (~f & k)) + K[i] + w[i]) | 0;
        const u = ((((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))) + ((a & c) ^ (a & d) ^ (c & d))) | 0;
        l = k; k = g; g = f; f = (e + t) | 0; e = d; d = c; c = a; a = (t + u) | 0;
      }
      h[0] += a; h[1] += c; h[2] += d; h[3] += e; h[4] += f; h[5] += g; h[6] += k; h[7] += l;
    }
    add(b) {
      let i = 0;
      const used = this.n % 64;
      this.n += b.length;
      if (used) {
        i = Math.min(64 - used, b.length);
        this.rest.set(b.subarray(0, i), used);
        if (used + i < 64) return this;
        this.block(this.rest, 0);
      }
      for (; i + 64 <= b.length; i += 64) this.block(b, i);
      this.rest.set(b.subarray(i));
      return this;
    }
    hex() {
      const s = new Sha256(this), used = s.n % 64, tail = new Uint8Array(used < 56 ? 64 - used : 128 - used), bits = s.n * 8;
      tail[0] = 128;
      new DataView(tail.buffer).setUint32(tail.length - 8, Math.floor(bits / 4294967296));
      new DataView(tail.buffer).setUint32(tail.length - 4, bits >>> 0);
      s.add(tail);
      return [...s.h].map((x) => x.toString(16).padStart(8, "0")).join("");
    }
  }
  window.Sha256 = Sha256; // for the test of it

  const bar = box.querySelector("progress"), status = box.querySelector("[role=status]"), print = box.querySelector("code"), wrong = document.getElementById("upload-wrong");
  const say = (text) => { status.textContent = text; };
  const wait = (ms) => new Promise((done) => { const t = setTimeout(done, ms); addEventListener("online", () => { clearTimeout(t); done(); }, { once: true }); });
  const fatal = (text) => Object.assign(new Error(text), { fatal: true });
  let stop;

  // ask tries until an answer comes: a line that drops costs time and nothing else.
  const ask = async (method, url, body, json) => {
    for (let pause = 500; ; pause = Math.min(pause * 2, 15000)) {
      try {
        const r = await fetch(url, { method, body, signal: stop.signal, headers: { Accept: "application/json", "Content-Type": json ? "application/json" : "application/octet-stream" } });
        if (r.ok) return await r.json();
        if (r.status === 409 && method === "PUT") return null; // it is elsewhere: ask where
        if (r.status === 401) say(box.dataset.signedOut);
        else if (r.status < 500) throw fatal((await r.json()).message);
        else say(box.dataset.again);
      } catch (e) {
        if (e.fatal || stop.signal.aborted) throw e;
        say(box.dataset.again);
      }
      await wait(pause);
    }
  };

  const send = async (file, id) => {
    const url = "/console/uploads/" + id, began = performance.now();
    let sum = new Sha256(), sent = 0;
    const readTo = async (end, piece) => {
      if (sum.n > end) sum = new Sha256();
      while (sum.n < end) {
        say(box.dataset.reading);
        bar.value = sum.n / Math.max(file.size, 1);
        sum.add(new Uint8Array(await file.slice(sum.n, Math.min(end, sum.n + piece)).arrayBuffer()));
        await new Promise((done) => setTimeout(done));
        if (stop.signal.aborted) throw new Error("stopped");
      }
    };
    for (let at = await ask("GET", url); ;) {
      if (at.to) return at.to;
      await readTo(at.offset, at.piece);
      if (sum.hex() !== at.digest) throw fatal(box.dataset.other);
      bar.value = file.size ? at.offset / file.size : 1;
      if (at.said) say(at.said);
      if (at.offset === file.size) {
        say(box.dataset.sealing);
        bar.removeAttribute("value");
        print.textContent = sum.hex().replace(/(.{4})(?=.)/g, "$1 ");
        return (await ask("POST", url + "/seal", JSON.stringify({ digest: sum.hex() }), true)).to;
      }
      const piece = file.slice(at.offset, at.offset + at.piece), next = new Sha256(sum).add(new Uint8Array(await piece.arrayBuffer()));
      const took = Math.round(performance.now() - began);
      const answer = await ask("PUT", `${url}?at=${at.offset}&digest=${next.hex()}&sent=${sent}&took=${took}`, piece);
      if (answer) { sum = next; sent += piece.size; }
      at = answer || await ask("GET", url);
    }
  };

  // The office keeps a name in the letters that every system has.
  const halfHere = (file) => [...document.querySelectorAll("[data-unfinished]")].find((u) => u.dataset.name === file.name.replace(/[^A-Za-z0-9._-]/gu, "_").replace(/^[.-]+|[.-]+$/g, "").slice(-120) && +u.dataset.size === file.size);

  form.addEventListener("submit", async (e) => {
    const file = form.elements.file.files[0];
    if (!file) return;
    e.preventDefault();
    stop = new AbortController();
    wrong.hidden = true;
    box.hidden = false;
    form.inert = true;
    let id = "";
    try {
      const half = halfHere(file);
      id = half ? half.dataset.unfinished : (await ask("POST", form.dataset.upload, JSON.stringify({ title: form.elements.title.value, acquired: form.elements.acquired.value, time_column: form.elements.time_column.value, identifier_columns: form.elements.identifier_columns.value, name: file.name, size: file.size }), true)).id;
      box.querySelector("button").onclick = async () => {
        stop.abort();
        stop = new AbortController();
        location.assign((await ask("POST", `/console/uploads/${id}/drop`, "{}", true)).to);
      };
      location.assign(await send(file, id));
    } catch (err) {
      if (!err.fatal) return; // it was stopped
      wrong.textContent = err.message;
      wrong.hidden = false;
      box.hidden = true;
      form.inert = false;
    }
  });

  // With a file that is half here, the questions have been answered already.
  form.elements.file.addEventListener("change", () => {
    const file = form.elements.file.files[0];
    for (const name of ["title", "acquired", "time_column", "identifier_columns"]) form.elements[name].closest(".field").hidden = !!file && !!halfHere(file);
  });
})();
