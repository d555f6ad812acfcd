// Shows that the page does not hear the centre: banner, grey, and afterwards for how long.
//
// It is judged by the time of the last event. A hidden tab is not judged by a timer, since browsers
// hold these back; it is judged when it becomes visible, and when an attempt fails.
"use strict";
(() => {
  const LOST_MS = 3000;
  const KEPT_MS = 12 * 3600 * 1000; // a shift
  const KEY = "venuewatch blind";
  const html = document.documentElement;
  const banner = document.getElementById("lost");
  const list = document.getElementById("blind");
  let heardAt = Date.now();
  let heardMark = performance.now(); // no step of the clock moves it; Date goes on while we sleep
  let centreAt = Number(html.dataset.at) * 1000 || Date.now();
  let [isLost, retryAt, why] = [false, 0, ""];

  const silentMs = () => Math.max(Date.now() - heardAt, performance.now() - heardMark);

  function span(ms) {
    const s = Math.max(0, Math.round(ms / 1000));
    const [hours, minutes, seconds] = [s / 3600, (s / 60) % 60, s % 60].map(Math.floor);
    const two = (number) => String(number).padStart(2, "0");
    return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
  }

  // A moment of the centre, as its clock in the head shows it.
  function clock(at) {
    const face = document.querySelector("header time[data-clock]");
    const zone = face?.nextElementSibling?.textContent.split(", ")[1] || "UTC";
    const there = new Date(at + Number(face?.dataset.clock || 0) * 1000);
    return `${there.toISOString().slice(11, 19)} ${zone}`;
  }

  function show() {
    const seconds = Math.ceil((retryAt - Date.now()) / 1000);
    const next = seconds > 0 ? `in ${seconds} s` : "now";
    const [running, reason] = banner.querySelectorAll("span");
    running.textContent = ` Nothing came for ${span(silentMs())}. It tries again ${next}.`;
    reason.textContent = why && ` The reason: ${why}`;
  }

  function lose() {
    isLost = true;
    html.classList.add("is-lost");
    // What runs is hidden from speech, or it would be spoken each second.
    banner.innerHTML = "<strong>This page has lost the centre.</strong> What you see is how it was at "
      + '<b></b>.<span aria-hidden="true"></span><span></span>';
    banner.querySelector("b").textContent = clock(centreAt);
    banner.hidden = false;
    show();
    document.dispatchEvent(new CustomEvent("live:lost"));
  }

  function hear(at) {
    if (isLost) {
      isLost = false;
      html.classList.remove("is-lost");
      banner.hidden = true;
      noteBlind({ from: centreAt, ms: silentMs() });
      document.dispatchEvent(new CustomEvent("live:back"));
    }
    heardAt = Date.now();
    heardMark = performance.now();
    centreAt = at ? at * 1000 : centreAt;
    why = "";
  }

  // In the tab's storage, so that a reload does not hide that it was blind.
  function noteBlind(...more) {
    const stored = JSON.parse(sessionStorage.getItem(KEY) || "[]");
    const notes = [...stored, ...more].filter(({ from }) => Date.now() - from < KEPT_MS).slice(-20);
    sessionStorage.setItem(KEY, JSON.stringify(notes));
    list.replaceChildren(...notes.reverse().map(({ from, ms }) => Object.assign(
      document.createElement("li"),
      { textContent: `This page was blind ${span(ms)}, from ${clock(from)}.` },
    )));
    list.hidden = !notes.length;
    place();
  }

  // In the list of problems, where there is one; a fresh list of them does not have it.
  const place = () => list.hidden || document.querySelector("main #problems")?.append(list);

  const judge = () => (isLost ? show() : silentMs() > LOST_MS && lose());

  document.addEventListener("live:heard", ({ detail }) => hear(detail.at));
  document.addEventListener("live:swapped", place);
  document.addEventListener("live:trying", ({ detail }) => {
    retryAt = detail.at;
    why = detail.why || why;
    judge();
  });
  document.addEventListener("live:refused", ({ detail }) => {
    why = detail.why;
    if (!isLost) lose();
    show();
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) judge(); });
  setInterval(() => { if (!document.hidden) judge(); }, 250);
  noteBlind();
})();
