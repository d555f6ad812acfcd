// Knows which incidents are open and which are news; title and icon of the page say so.
//
// News is an incident for NEWS_MS after it opened, or after this page first heard of it. Tells other
// scripts by "live:changed" {open, news}, of which "news" has those that came just now.
"use strict";
(() => {
  const NEWS_MS = 5 * 60 * 1000;
  const open = new Map();
  const title = document.title;
  const icon = document.getElementById("icon");
  const usual = icon?.getAttribute("href");
  let hasAll = false;
  let isLost = false;

  function take({ at, is_all: isAll, incidents }) {
    const news = [];
    const named = new Set(incidents.map(({ number }) => number));
    for (const number of [...open.keys()]) if (isAll && !named.has(number)) open.delete(number);
    for (const incident of incidents) {
      const known = open.get(incident.number);
      if (incident.is_closed) {
        open.delete(incident.number);
      } else {
        const opened = hasAll ? 0 : (incident.opened_at - at) * 1000;
        const newsUntil = known ? known.newsUntil : Date.now() + opened + NEWS_MS;
        open.set(incident.number, { ...incident, newsUntil });
        if (!known && hasAll) news.push(incident);
      }
    }
    hasAll ||= isAll;
    show();
    document.dispatchEvent(new CustomEvent("live:changed", { detail: { open, news } }));
  }

  function show() {
    const severities = [...open.values()].map(({ severity }) => severity);
    const loud = severities.filter((severity) => severity !== "info").length;
    let mark = loud ? `(${loud}) ` : "";
    if (isLost) mark = "LOST – ";
    document.title = mark + title;
    const kind = isLost ? "lost" : ["critical", "warning"].find((each) => severities.includes(each));
    icon?.setAttribute("href", (kind && icon.dataset[kind]) || usual);
  }

  document.addEventListener("live:alarms", ({ detail }) => take(detail));
  document.addEventListener("live:lost", () => { isLost = true; show(); });
  document.addEventListener("live:back", () => { isLost = false; show(); });
})();
