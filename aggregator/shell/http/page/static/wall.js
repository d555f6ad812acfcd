// Pages through the wall, where it has more than one page.
"use strict";
(() => {
  const EACH_MS = 10000;
  let shown = 0;

  setInterval(() => {
    const pages = [...document.querySelectorAll(".wallpage")];
    if (pages.length < 2) return;
    shown = (shown + 1) % pages.length;
    pages.forEach((page, place) => { page.hidden = place !== shown; });
  }, EACH_MS);
})();
