// Sounds for news, by severity, and again each 30 s.
//
// The tone of an incident ends when the incident is opened in this browser, when it is silenced, or
// when it is no news any more. Many share one tone, of the worst. A browser allows no sound before a
// click, so the control says "sound is off" until then. Of all tabs with sound one plays.
"use strict";
(() => {
  const EVERY_MS = 30000;
  const MUTE_MS = 5 * 60 * 1000;
  // Each tone: start (s), frequency (Hz), length (s).
  const TONES = {
    critical: [[0, 880, 0.18], [0.24, 660, 0.18], [0.48, 880, 0.18], [0.72, 660, 0.3]],
    warning: [[0, 587, 0.2], [0.3, 587, 0.2]],
  };
  const OFF = "Sound is off: click to arm and test";
  const store = {
    get: (key, otherwise) => JSON.parse(localStorage.getItem(`venuewatch ${key}`)) ?? otherwise,
    set: (key, value) => localStorage.setItem(`venuewatch ${key}`, JSON.stringify(value)),
  };
  const control = document.getElementById("sound");
  const silence = document.getElementById("silence");
  let open = new Map();
  let sound = null;
  let plays = !navigator.locks;
  let playedAt = 0;

  const isArmed = () => sound?.state === "running";
  const isMuted = () => store.get("muted until", 0) > Date.now();

  function play(severity) {
    if (!isArmed() || !TONES[severity]) return;
    for (const [start, frequency, length] of TONES[severity]) {
      const tone = sound.createOscillator();
      const volume = sound.createGain();
      const from = sound.currentTime + start;
      tone.frequency.value = frequency;
      volume.gain.setValueAtTime(0, from);
      volume.gain.linearRampToValueAtTime(0.4, from + 0.01);
      volume.gain.setValueAtTime(0.4, from + length - 0.02);
      volume.gain.linearRampToValueAtTime(0, from + length);
      tone.connect(volume).connect(sound.destination);
      tone.start(from);
      tone.stop(from + length);
    }
  }

  function ringing() {
    const quiet = new Set(store.get("silenced", []));
    return [...open.values()].filter(({ number, severity, newsUntil }) => (
      TONES[severity] && newsUntil > Date.now() && !quiet.has(number)
    ));
  }

  function ring(isNew) {
    const loud = ringing();
    const worst = Object.keys(TONES).find((each) => loud.some(({ severity }) => severity === each));
    if (worst && plays && !isMuted() && (isNew || Date.now() - playedAt >= EVERY_MS)) {
      playedAt = Date.now();
      play(worst);
    }
    show(loud.length);
  }

  function show(loud) {
    if (!control) return;
    const until = new Date(store.get("muted until", 0));
    const time = until.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    const words = isMuted() ? `Muted until ${time}: click to hear` : "Sound is on: click to mute 5 min";
    const text = isArmed() ? words : OFF;
    if (control.textContent !== text) control.textContent = text; // or it is spoken each second
    control.hidden = false;
    silence.textContent = "Silence";
    silence.hidden = !loud;
  }

  function hush(numbers) {
    const kept = store.get("silenced", []).filter((number) => !numbers.includes(number));
    store.set("silenced", [...kept, ...numbers].slice(-500));
    ring(false);
  }

  async function arm() {
    sound ??= new AudioContext();
    sound.onstatechange = () => show(ringing().length);
    await sound.resume();
    if (!plays) navigator.locks.request("venuewatch sounds", () => { plays = true; return new Promise(() => {}); });
    play("warning");
    show(ringing().length);
  }

  control?.addEventListener("click", () => {
    if (!isArmed()) arm();
    else store.set("muted until", isMuted() ? 0 : Date.now() + MUTE_MS);
    show(ringing().length);
  });
  silence?.addEventListener("click", () => hush(ringing().map(({ number }) => number)));
  document.addEventListener("live:changed", ({ detail }) => {
    open = detail.open;
    ring(ringing().some(({ number }) => detail.news.some((each) => each.number === number)));
  });
  document.addEventListener("live:heard", () => ring(false)); // a pulse each second: no timer
  document.addEventListener("live:lost", () => { if (plays && !isMuted()) play("critical"); });
  addEventListener("storage", () => ring(false));
  const opened = document.querySelector("main > article[id^='incident-']");
  if (opened) hush([Number(opened.id.slice("incident-".length))]);
  show(0);
})();
