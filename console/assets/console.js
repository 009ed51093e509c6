// SPDX-License-Identifier: Apache-2.0
// The console works without this file. It adds passkeys, which browsers offer to scripts only, the
// progress of a transfer, and keys for the queue.
(() => {
  const post = async (url, body) => {
    const r = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body || {}) });
    const answer = await r.json();
    if (!r.ok) throw new Error(answer.message);
    return answer;
  };
  const passkey = async (b) => {
    const name = b.form ? b.form.elements.name : null;
    const made = b.dataset.passkey === "create";
    const options = await post(b.dataset.begin, { name: name ? name.value : "", token: b.dataset.token || "" });
    const C = PublicKeyCredential;
    const key = made
      ? await navigator.credentials.create({ publicKey: C.parseCreationOptionsFromJSON(options.publicKey) })
      : await navigator.credentials.get({ publicKey: C.parseRequestOptionsFromJSON(options.publicKey) });
    const done = await post(b.dataset.finish, key.toJSON());
    location.assign(done.to);
  };
  document.querySelectorAll("[data-passkey]").forEach((b) => {
    if (!window.PublicKeyCredential || !PublicKeyCredential.parseRequestOptionsFromJSON) return;
    b.hidden = false;
    b.addEventListener("click", (e) => {
      e.preventDefault();
      const say = document.getElementById("passkey-said");
      passkey(b).catch((err) => { say.hidden = false; say.textContent = err.message; });
    });
  });

  // A transfer under way: the page is read again, and its parts put in place.
  const live = document.querySelector("[data-live]");
  if (live) {
    const again = async () => {
      try {
        const text = await (await fetch(location.href)).text();
        const now = new DOMParser().parseFromString(text, "text/html").querySelector("[data-live],[data-done]");
        const old = document.querySelector("[data-live]");
        if (!now || !old) return location.reload();
        if ("done" in now.dataset) return location.reload();
        old.replaceWith(document.importNode(now, true));
      } catch { /* the line dropped: the next round tries again */ }
      setTimeout(again, 1000);
    };
    setTimeout(again, 700);
  }

  // The contact sheet stays readable when the line is gone: see contacts-worker.js.
  if (document.querySelector("[data-sheet]") && navigator.serviceWorker) {
    navigator.serviceWorker.register("/console/contacts-worker.js", { scope: "/console/directory" }).catch(() => {});
  }

  // The end of the session is announced: in its last five minutes the link of the foot that makes it longer comes to the
  // front. It reads the page again and leaves what was typed on this one where it is.
  let ends = document.querySelector("[data-ends]");
  const arm = () => {
    setTimeout((a) => a.setAttribute("role", "alert"), Math.max(0, ends.dataset.ends - 300) * 1000, ends);
    ends.addEventListener("click", async (e) => {
      e.preventDefault();
      try {
        const page = new DOMParser().parseFromString(await (await fetch(ends.href)).text(), "text/html");
        const next = document.importNode(page.querySelector("[data-ends]"), true);
        ends.replaceWith(next);
        ends = next;
        arm();
      } catch { location.assign(ends.href); }
    });
  };
  if (ends) arm();

  // Single keys for the queue. They do nothing while a field or a dialogue has the focus, and can be switched off.
  const rows = [...document.querySelectorAll("[data-row]")];
  let last = -1;
  const here = () => {
    const at = rows.findIndex((r) => r.closest("tr").contains(document.activeElement));
    return at < 0 ? last : at;
  };
  const help = async () => {
    const text = await (await fetch("/console/keys")).text();
    const page = new DOMParser().parseFromString(text, "text/html");
    if (!page.querySelector("kbd")) throw new Error("not the page");
    const d = document.createElement("dialog");
    d.append(...document.importNode(page.querySelector("main"), true).childNodes);
    d.setAttribute("aria-label", d.querySelector("h1").textContent);
    const back = d.querySelector("[name=back]");
    if (back) back.value = location.pathname + location.search;
    d.querySelector("[method=dialog]").hidden = false;
    d.addEventListener("close", () => d.remove());
    document.body.append(d);
    d.showModal();
  };
  document.addEventListener("keydown", (e) => {
    if (!("keys" in document.documentElement.dataset) || e.ctrlKey || e.metaKey || e.altKey || e.isComposing || e.repeat && e.key !== "j" && e.key !== "k") return;
    if (e.target.closest("input:not([type=checkbox]),textarea,select,dialog")) return;
    const at = here(), row = at < 0 ? null : rows[at].closest("tr");
    const step = { j: 1, k: -1 }[e.key];
    if (step && rows.length) {
      last = Math.max(0, Math.min(rows.length - 1, at + step));
      rows[last].focus();
    } else if (e.key === "x" && row) {
      const box = row.querySelector("[type=checkbox]");
      if (box) box.checked = !box.checked;
    } else if (e.key === "e" && row) {
      const claim = row.querySelector("[data-claim]");
      if (claim) claim.click();
    } else if (e.key === "f" && document.getElementById("q")) {
      e.preventDefault();
      document.getElementById("q").focus();
    } else if (e.key === "?" && document.querySelector(".who")) {
      e.preventDefault();
      help().catch(() => location.assign("/console/keys"));
    }
  });
})();
