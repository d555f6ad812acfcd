// Keeps ages and clocks running, by the centre's time; they stand still while the centre is lost.
"use strict";
(() => {
  let aheadMs = Number(document.documentElement.dataset.at) * 1000 - Date.now() || 0;
  let isLost = false;

  function duration(s) {
    const two = (number) => String(number).padStart(2, "0");
    if (s < 60) return `${s} s`;
    if (s < 3600) return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
    if (s < 86400) return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`;
    return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
  }

  const set = (age, text) => { if (age.firstChild?.data !== text) age.textContent = text; };

  function run() {
    if (isLost || document.hidden) return;
    const now = Date.now() + aheadMs;
    for (const age of document.querySelectorAll("[data-since]")) {
      set(age, duration(Math.max(0, Math.floor(now / 1000 - Number(age.dataset.since)))));
    }
    for (const clock of document.querySelectorAll("time[data-clock]")) {
      const there = new Date(now + Number(clock.dataset.clock) * 1000);
      set(clock, there.toISOString().slice(11, 19));
    }
  }

  document.addEventListener("live:heard", ({ detail }) => {
    if (detail.at) aheadMs = detail.at * 1000 - Date.now();
  });
  document.addEventListener("live:lost", () => { isLost = true; });
  document.addEventListener("live:back", () => { isLost = false; run(); });
  document.addEventListener("visibilitychange", run);
  setInterval(run, 1000);
})();
