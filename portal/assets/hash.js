// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4) of a file, read in slices: the browser's own hash takes a file only as a whole. It runs in a worker
// whose policy lets it talk to nobody.
"use strict";

const primes = [];
for (let n = 2; primes.length < 64; n++) if (primes.every(p => n % p)) primes.push(n);
const fraction = x => ((x - Math.floor(x)) * 4294967296) | 0;
const K = Int32Array.from(primes, p => fraction(Math.cbrt(p)));
const begin = primes.slice(0, 8).map(p => fraction(Math.sqrt(p)));

function hasher() {
  const h = Int32Array.from(begin), w = new Int32Array(64), rest = new Uint8Array(64);
  let held = 0, total = 0;
  function block(b, at) {
    for (let i = 0; i < 16; i++, at += 4) w[i] = b[at] << 24 | b[at + 1] << 16 | b[at + 2] << 8 | b[at + 3];
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15], y = w[i - 2];
      w[i] = w[i - 16] + w[i - 7] + ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3) + ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10) | 0;
    }
    let [a, b1, c, d, e, f, g, i7] = h;
    for (let i = 0; i < 64; i++) {
      const t = i7 + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) + (e & f ^ ~e & g) + K[i] + w[i] | 0;
      const u = ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + (a & b1 ^ a & c ^ b1 & c) | 0;
      i7 = g; g = f; f = e; e = d + t | 0; d = c; c = b1; b1 = a; a = t + u | 0;
    }
    h[0] += a; h[1] += b1; h[2] += c; h[3] += d; h[4] += e; h[5] += f; h[6] += g; h[7] += i7;
  }
  return {
    add(bytes) {
      total += bytes.length;
      let at = 0;
      if (held) {
        while (held < 64 && at < bytes.length) rest[held++] = bytes[at++];
        if (held < 64) return;
        block(rest, 0);
        held = 0;
      }
      for (; at + 64 <= bytes.length; at += 64) block(bytes, at);
      while (at < bytes.length) rest[held++] = bytes[at++];
    },
    end() {
      rest[held++] = 0x80;
      if (held > 56) { rest.fill(0, held); block(rest, 0); held = 0; }
      rest.fill(0, held);
      const v = new DataView(rest.buffer);
      v.setUint32(56, Math.floor(total / 536870912));
      v.setUint32(60, total * 8 >>> 0);
      block(rest, 0);
      return Array.from(h, n => (n >>> 0).toString(16).padStart(8, "0")).join("");
    },
  };
}

const slice = 4 << 20;

// Files come one after the other; each is answered by its hash, or by nothing if it cannot be read.
self.onmessage = async ({ data: { id, file } }) => {
  try {
    const sha = hasher();
    for (let at = 0; at < file.size; at += slice) {
      sha.add(new Uint8Array(await file.slice(at, at + slice).arrayBuffer()));
      self.postMessage({ id, done: Math.min(at + slice, file.size) });
    }
    self.postMessage({ id, hash: sha.end() });
  } catch (e) {
    self.postMessage({ id, failed: true });
  }
};
