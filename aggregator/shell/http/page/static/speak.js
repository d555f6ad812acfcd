// Speaks new incidents once, through the live region.
"use strict";
(() => {
  const region = document.getElementById("announce");
  let timer = 0;

  document.addEventListener("live:changed", ({ detail: { news } }) => {
    if (!news.length || !region) return;
    const order = ["critical", "warning", "info"];
    const [worst] = [...news].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
    const many = news.length > 1 ? `${news.length} new incidents. ` : "";
    region.textContent = `${many}${worst.severity}: ${worst.sentence}`;
    clearTimeout(timer);
    timer = setTimeout(() => { region.textContent = ""; }, 10000);
  });
})();
