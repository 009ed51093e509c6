// SPDX-License-Identifier: Apache-2.0
// Verifies files in the browser. Nothing of a file leaves it: the list of what was published is fetched whole, once, and
// every comparison is made here.
"use strict";

const drop = document.getElementById("drop"), answer = document.getElementById("answer"), progress = document.getElementById("progress");
const words = document.getElementById("words").dataset;
const safe = window.trustedTypes ? trustedTypes.createPolicy("portal", { createScriptURL: s => s === drop.dataset.worker ? s : "" }) : { createScriptURL: s => s };
let round = 0;

function element(name, text, ...children) {
  const e = document.createElement(name);
  if (text) e.textContent = text;
  e.append(...children);
  return e;
}

function hash(files, told) {
  const worker = new Worker(safe.createScriptURL(drop.dataset.worker));
  return new Promise((resolve, reject) => {
    const found = [];
    let before = 0;
    const next = () => {
      if (found.length === files.length) { worker.terminate(); resolve(found); return; }
      worker.postMessage({ id: found.length, file: files[found.length] });
    };
    worker.onerror = () => { worker.terminate(); reject(new Error("worker")); };
    worker.onmessage = ({ data }) => {
      if (data.failed) { worker.terminate(); reject(new Error("read")); return; }
      if (data.hash === undefined) { told(before + data.done); return; }
      before += files[found.length].size;
      found.push(data.hash);
      next();
    };
    next();
  });
}

async function published() {
  const r = await fetch(drop.dataset.list, { credentials: "omit" });
  if (!r.ok) throw new Error("list");
  return (await r.json()).digests;
}

function say(sentence, steps, raw, proof) {
  const list = element("ol");
  for (const s of steps) list.append(element("li", s));
  const text = element("pre", raw.join("\n"));
  text.dir = "ltr";
  text.tabIndex = 0;
  const first = element("p", sentence);
  first.className = "answer";
  answer.replaceChildren(first, element("h2", words.steps), list, element("h2", words.raw), text);
  if (proof) {
    const a = element("a", words.file);
    a.href = proof;
    answer.append(element("p", "", a));
  }
}

// sums reads a list as sha256sum writes it.
function sums(text) {
  const all = new Map();
  for (const line of text.split("\n")) {
    const m = /^([0-9a-f]{64}) [ *](.+)$/.exec(line);
    if (m) all.set(m[2], m[1]);
  }
  return all;
}

async function packed(files, hashes) {
  const inside = f => (f.webkitRelativePath || f.name).split("/").slice(1).join("/");
  const at = files.findIndex(f => inside(f) === "SHA256SUMS");
  if (at < 0) return false;
  const listed = sums(await files[at].text()), steps = [words.hashed, words.sums], raw = [];
  let whole = listed.size > 0;
  files.forEach((f, i) => {
    const name = inside(f), want = listed.get(name);
    raw.push(hashes[i] + "  " + name);
    if (want === hashes[i]) { listed.delete(name); return; }
    if (want) { whole = false; steps.push(words.differs + ": " + name); listed.delete(name); }
    else if (name !== "SHA256SUMS" && name !== "SHA512SUMS") { whole = false; steps.push(words.extra + ": " + name); }
  });
  for (const name of listed.keys()) { whole = false; steps.push(words.missing + ": " + name); }
  say(whole ? words.whole : words.broken, steps, raw);
  return true;
}

async function take(files) {
  files = [...files];
  if (!files.length) return;
  const mine = ++round, all = files.reduce((n, f) => n + f.size, 0);
  const size = n => (n / 1e6).toLocaleString(drop.dataset.tag, { maximumFractionDigits: 1, style: "unit", unit: "megabyte" });
  answer.replaceChildren();
  try {
    const hashes = await hash(files, have => { if (mine === round) progress.textContent = words.working.replace("{have}", size(have)).replace("{all}", size(all)); });
    if (mine !== round || files[0].webkitRelativePath && await packed(files, hashes)) return;
    const list = await published();
    if (mine !== round) return;
    const found = files.map((f, i) => list.find(d => d.sha256 === hashes[i])), every = found.every(x => x);
    const raw = files.map((f, i) => hashes[i] + "  " + f.name + (found[i] ? "\n" + found[i].sha256 + "  " + found[i].address : ""));
    const proof = every && found[0].proof;
    say(every ? words.yes : words.no, proof ? [words.hashed, words.list, words.proof] : [words.hashed, words.list], raw, proof);
  } catch (e) {
    if (mine === round) tell(words.failed);
  } finally {
    if (mine === round) progress.textContent = "";
  }
}

// typed looks up a hash as sha256sum writes it, or its beginning: here, and not at the office.
async function typed(text) {
  const mine = ++round, asked = text.trim().split(/\s/)[0].toLowerCase();
  answer.replaceChildren();
  try {
    if (!/^[0-9a-f]{4,64}$/.test(asked)) { tell(words.wrong); return; }
    const list = await published();
    if (mine !== round) return;
    const found = list.filter(d => d.sha256.startsWith(asked)), raw = found.map(d => d.sha256 + "  " + d.address);
    if (asked.length === 64) say(found.length ? words.yes : words.no, [words.list], raw.length ? raw : [asked], found.length && found[0].proof);
    else say(found.length ? words.some : words.none, [words.list], raw.length ? raw : [asked]);
  } catch (e) {
    if (mine === round) tell(words.failed);
  }
}

function tell(sentence) {
  const p = element("p", sentence);
  p.className = "answer";
  answer.replaceChildren(p);
}

const field = document.getElementById("h");
field.removeAttribute("maxlength");
field.removeAttribute("pattern");
document.getElementById("typed").addEventListener("submit", e => { e.preventDefault(); typed(field.value); });

drop.hidden = false;
for (const id of ["file", "folder"]) document.getElementById(id).addEventListener("change", e => take(e.target.files));
for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, e => { e.preventDefault(); drop.dataset.over = ""; });
drop.addEventListener("dragleave", () => { delete drop.dataset.over; });
drop.addEventListener("drop", e => { e.preventDefault(); delete drop.dataset.over; take(e.dataTransfer.files); });
