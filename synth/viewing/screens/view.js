// Keys, copying, dark and light. Every page works without any of it.
"use strict";
const root = document.documentElement;
root.dataset.theme = localStorage.getItem("theme") || "";
const follow = rel => document.querySelector(`a[rel=${rel}]`)?.click();
const move = by => {
  const all = [...document.querySelectorAll("[data-keys] a")];
  const at = all.indexOf(document.activeElement);
  all[Math.min(all.length - 1, Math.max(0, at + by))]?.focus();
};
let sent = false;  // a label, with which the page goes: what is typed before the next one is there is not of this row
addEventListener("pageshow", () => { sent = false; });
const label = key => {
  const form = document.getElementById("label");  // of a list: for the row that has the focus, which goes to the next
  if (form) {
    const row = document.activeElement.closest("[data-keys] a");
    if (!row || sent) return;
    form.elements.number.value = row.id.slice(4);
    form.action += `#${(row.parentElement.nextElementSibling?.firstElementChild || row).id}`;
  }
  const button = document.querySelector(`[data-key="${key}"]`);
  if (button && !sent) { sent = true; button.click(); }
};
const KEYS = {
  "/": () => document.getElementById("search")?.select(),
  j: () => move(1), k: () => move(-1),
  n: () => follow("next"), p: () => follow("prev"), u: () => follow("up"),
  e: () => { const all = [...document.querySelectorAll("details")]; const open = all.some(one => !one.open); all.forEach(one => { one.open = open; }); },
  d: () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    localStorage.setItem("theme", root.dataset.theme = dark ? "light" : "dark");
  },
  "?": () => document.getElementById("keys").scrollIntoView(),
};
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea")) { if (event.key === "Escape") event.target.blur(); return; }
  const act = KEYS[event.key] || (/^[1-3]$/.test(event.key) && (() => label(event.key)));
  if (act) { event.preventDefault(); act(); }
});
document.querySelectorAll(".copy").forEach(button => {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "Copied";
  });
});
document.getElementById("sort")?.addEventListener("change", event => event.target.form.submit());
const look = async () => {  // a page of what is under way is fetched again, unless somebody is reading in it
  const live = document.querySelector("[data-live]");
  if (!live) return;
  if (!document.hidden && !live.contains(document.activeElement) && getSelection().isCollapsed) {
    try {
      const reply = await fetch(location.href);
      const page = new DOMParser().parseFromString(await reply.text(), "text/html");
      const now = page.querySelector("main");
      live.querySelectorAll("details[open]").forEach(one => { const same = now.querySelector(`[id="${one.id}"]`); if (same) same.open = true; });
      if (reply.ok) { live.replaceWith(now); document.title = page.title; }
    } catch { /* synth view has ended */ }
  }
  setTimeout(look, 2000);
};
setTimeout(look, 2000);
