// Pages through the wall, where it has more than one page.
"use strict";
(() => {
  const pages = [...document.querySelectorAll(".wallpage")];
  let shown = pages.findIndex((page) => !page.hidden);
  if (pages.length > 1) setInterval(() => {
    shown = (shown + 1) % pages.length;
    pages.forEach((page, place) => { page.hidden = place !== shown; });
  }, Number(pages[0].dataset.turn) * 1000);
})();
