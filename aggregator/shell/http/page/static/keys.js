// Keys: what each does, and the help that lists them. The reader can turn them off.
"use strict";
(() => {
  const OFF = "venuewatch keys off";
  const root = document.documentElement.dataset.root || "";
  const help = document.getElementById("help");
  const click = (id) => () => document.getElementById(id)?.click();
  const go = (path) => () => location.assign(root + path);
  const KEYS = {
    "/": ["Search", () => document.getElementById("search")?.focus()],
    j: ["Next problem, host or venue", () => step(1)],
    k: ["The one before", () => step(-1)],
    Enter: ["Open it", null], // a link does that by itself
    s: ["Silence the tone", click("silence")],
    m: ["Map", go("/map")],
    w: ["Wall", go("/wall")],
    d: ["Dark or light", click("theme")],
    "?": ["This help", () => (help.open ? help.close() : help.showModal())],
  };

  function step(by) {
    const kinds = ["i-", "h-", "v-"].map((kind) => document.querySelectorAll(`main [id^="${kind}"] a`));
    const rows = [...(kinds.find((found) => found.length) || [])];
    const here = rows.indexOf(document.activeElement);
    const next = here < 0 && by < 0 ? rows.length - 1 : here + by;
    rows[Math.min(rows.length - 1, Math.max(0, next))]?.focus();
  }

  function fill() {
    const rows = Object.entries(KEYS).map(([key, [words]]) => (
      `<div><dt><kbd>${key}</kbd></dt><dd>${words}</dd></div>`
    ));
    help.setAttribute("aria-label", "Keys");
    help.innerHTML = `<h2>Keys</h2><dl>${rows.join("")}</dl>
      <label><input type="checkbox"> These keys work</label>
      <form method="dialog"><button>Close</button></form>`;
    const box = help.querySelector("input");
    box.checked = box.defaultChecked = !localStorage.getItem(OFF);
    box.addEventListener("change", () => {
      box.defaultChecked = box.checked;
      localStorage.setItem(OFF, box.checked ? "" : "1");
    });
    const button = Object.assign(document.createElement("button"), { type: "button", id: "keys" });
    button.textContent = "Keys";
    button.addEventListener("click", () => help.showModal());
    document.getElementById("theme")?.after(button);
  }

  document.addEventListener("keydown", (event) => {
    const isWriting = event.target.closest?.("input:not([type=checkbox]), textarea, select");
    if (isWriting && event.key === "Escape") event.target.blur();
    if (isWriting || event.ctrlKey || event.altKey || event.metaKey) return;
    if (localStorage.getItem(OFF) || (help?.open && event.key !== "?")) return;
    const act = KEYS[event.key]?.[1];
    if (!act || (event.repeat && !"jk".includes(event.key))) return;
    event.preventDefault();
    act();
  });
  if (help) fill();
})();
