// Dark or light: as the system has it, until the reader chooses.
"use strict";
(() => {
  const KEY = "venuewatch theme";
  const html = document.documentElement;
  const control = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const theme = () => localStorage.getItem(KEY) || (system.matches ? "dark" : "light");

  function show() {
    html.dataset.theme = theme();
    if (!control) return;
    control.textContent = theme() === "dark" ? "Light" : "Dark";
    control.hidden = false;
  }

  control?.addEventListener("click", () => {
    localStorage.setItem(KEY, theme() === "dark" ? "light" : "dark");
    show();
  });
  system.addEventListener("change", show);
  addEventListener("storage", show);
  show();
})();
