// Knows which incidents are open and which are news; title and icon of the page say so.
//
// News is an incident for NEWS_MS after it opened, or after this page first heard of it. Tells other
// scripts by "live:changed" {open, news}, of which "news" has those that came just now.
"use strict";
(() => {
  const NEWS_MS = 5 * 60 * 1000;
  const html = document.documentElement;
  const open = new Map();
  const icon = document.getElementById("icon");
  const usual = icon?.getAttribute("href");
  // On the overview the server has put counts there, which do not stay true.
  const exercise = document.getElementById("exercise") ? "EXERCISE: " : "";
  const title = document.title.slice(exercise.length).split(" – ").slice(html.dataset.page === "overview" ? -1 : 0).join(" – ");
  let hasAll = false;

  function take({ at, is_all: isAll, incidents }) {
    const news = [];
    const named = new Set(incidents.map(({ number }) => number));
    for (const number of [...open.keys()]) if (isAll && !named.has(number)) open.delete(number);
    for (const incident of incidents) {
      const known = open.get(incident.number);
      if (incident.is_closed) {
        open.delete(incident.number);
        continue;
      }
      const before = hasAll ? 0 : (at - incident.opened_at) * 1000;
      const newsUntil = known ? known.newsUntil : Date.now() - before + NEWS_MS;
      open.set(incident.number, { ...incident, newsUntil });
      if (!known && hasAll) news.push(incident);
    }
    hasAll ||= isAll;
    show();
    document.dispatchEvent(new CustomEvent("live:changed", { detail: { open, news } }));
  }

  function show() {
    const isLost = html.classList.contains("is-lost");
    const loud = [...open.values()].filter(({ severity }) => severity !== "info").length;
    document.title = exercise + (isLost ? "LOST – " : "") + (loud ? `(${loud}) ` : "") + title;
    const { lost, problem } = icon?.dataset || {};
    icon?.setAttribute("href", (isLost ? lost : loud && problem) || usual);
  }

  document.addEventListener("live:alarms", ({ detail }) => take(detail));
  for (const name of ["live:lost", "live:back"]) document.addEventListener(name, show);
})();
