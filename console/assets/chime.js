// SPDX-License-Identifier: Apache-2.0
// The duty view's sound, and the number in its title. Off until somebody switches it on, and on only in this browser,
// until the next sign-out. A browser plays nothing before a click or a key on the page: until then the page says so.
(() => {
  const box = document.querySelector("[data-chime]");
  if (!box || !window.AudioContext || !window.localStorage) return;
  const [said, again] = box.querySelectorAll("p:not(#chime-lead)");
  const button = box.querySelector("button");
  const title = document.title.replace(/^\s*\(\d+\)\s*/, "");
  const key = "rogatory-chime", every = 15000;
  let on = localStorage.getItem(key) === "on", count = -1, audio = null, timer = 0;

  const beep = () => {
    if (!audio || audio.state !== "running") return;
    [[0, 660], [0.25, 880]].forEach(([after, pitch]) => {
      const tone = audio.createOscillator(), volume = audio.createGain(), at = audio.currentTime + after;
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0, at);
      volume.gain.linearRampToValueAtTime(0.3, at + 0.02);
      volume.gain.linearRampToValueAtTime(0, at + 0.22);
      tone.connect(volume).connect(audio.destination);
      tone.start(at);
      tone.stop(at + 0.25);
    });
    box.dataset.beeps = Number(box.dataset.beeps || 0) + 1;
  };
  const say = (words) => { if (said.textContent !== words) said.textContent = words; };
  const wake = async () => {
    if (!on) return;
    audio = audio || new AudioContext();
    await audio.resume();
    if (said.textContent === box.dataset.sleeps) say("");
  };
  const look = async () => {
    let next = every;
    try {
      const r = await fetch("/console/duty/waiting", { headers: { Accept: "application/json" } });
      if (!on) return;
      if (r.status === 401) {
        say(box.dataset.ended);
        document.title = "(!) " + title;
        again.hidden = false;
        beep();
        return;
      }
      if (!r.ok) throw new Error(r.status);
      const now = await r.json();
      if (count >= 0 && now.count !== count) {
        say(now.words);
        again.hidden = false;
        if (now.count > count) beep();
      } else if (said.textContent === box.dataset.away) say(now.words);
      count = now.count;
      document.title = (count ? "(" + count + ") " : "") + title;
    } catch {
      if (on) say(box.dataset.away);
    }
    if (on) timer = setTimeout(look, Number(box.dataset.every) || next);
  };
  const show = () => {
    button.textContent = on ? box.dataset.off : box.dataset.on;
    button.setAttribute("aria-pressed", on);
    clearTimeout(timer);
    if (!on) {
      say("");
      document.title = title;
      return;
    }
    look();
  };
  button.addEventListener("click", async () => {
    on = !on;
    on ? localStorage.setItem(key, "on") : localStorage.removeItem(key);
    if (on) { await wake(); beep(); }
    show();
  });
  ["pointerdown", "keydown"].forEach((e) => document.addEventListener(e, wake));
  box.hidden = false;
  if (on) say(box.dataset.sleeps);
  show();
})();
