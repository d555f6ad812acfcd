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
  const stored = (key, otherwise) => JSON.parse(localStorage.getItem(`venuewatch ${key}`)) ?? otherwise;
  const store = (key, value) => localStorage.setItem(`venuewatch ${key}`, JSON.stringify(value));
  const control = document.getElementById("sound");
  const silence = document.getElementById("silence");
  let [open, sound, playedAt] = [new Map(), null, 0];
  let plays = !navigator.locks;

  const isArmed = () => sound?.state === "running";
  const mutedUntil = () => stored("muted until", 0);
  const isMuted = () => mutedUntil() > Date.now();

  function play(severity) {
    if (!isArmed()) return;
    for (const [start, frequency, length] of TONES[severity]) {
      const tone = sound.createOscillator();
      const volume = sound.createGain();
      const from = sound.currentTime + start;
      tone.frequency.value = frequency;
      volume.gain.setValueAtTime(0, from); // a tone that begins at once clicks
      volume.gain.linearRampToValueAtTime(0.4, from + 0.01);
      volume.gain.setValueAtTime(0.4, from + length - 0.02);
      volume.gain.linearRampToValueAtTime(0, from + length);
      tone.connect(volume).connect(sound.destination);
      tone.start(from);
      tone.stop(from + length);
    }
  }

  function ringing() {
    const quiet = new Set(stored("silenced", []));
    return [...open.values()].filter(({ number, severity, newsUntil }) => (
      TONES[severity] && newsUntil > Date.now() && !quiet.has(number)
    ));
  }

  function ring(news = []) {
    const loud = ringing();
    const isNew = loud.some(({ number }) => news.some((each) => each.number === number));
    const worst = Object.keys(TONES).find((each) => loud.some(({ severity }) => severity === each));
    if (worst && plays && !isMuted() && (isNew || Date.now() - playedAt >= EVERY_MS)) {
      playedAt = Date.now();
      play(worst);
    }
    show(loud.length);
  }

  function show(loud) {
    if (!control) return;
    const until = new Date(mutedUntil()).toLocaleTimeString([], { timeStyle: "short" });
    const on = isMuted() ? `Muted until ${until}: click to hear` : "Sound is on: click to mute 5 min";
    const text = isArmed() ? on : "Sound is off: click to arm and test";
    if (control.textContent !== text) control.textContent = text; // or it flickers each second
    control.hidden = false;
    silence.textContent = "Silence";
    silence.hidden = !loud;
  }

  function hush(numbers) {
    store("silenced", [...new Set([...stored("silenced", []), ...numbers])].slice(-500));
    ring();
  }

  async function arm() {
    sound ??= new AudioContext();
    sound.onstatechange = () => ring();
    await sound.resume();
    navigator.locks?.request("venuewatch sounds", () => {
      plays = true;
      return new Promise(() => {}); // until the tab is closed
    });
    play("warning");
  }

  control?.addEventListener("click", async () => {
    if (isArmed()) store("muted until", isMuted() ? 0 : Date.now() + MUTE_MS);
    else await arm();
    ring();
  });
  silence?.addEventListener("click", () => hush(ringing().map(({ number }) => number)));
  document.addEventListener("live:changed", ({ detail }) => {
    open = detail.open;
    ring(detail.news);
  });
  document.addEventListener("live:heard", () => ring()); // a pulse each second, never held back
  document.addEventListener("live:lost", () => { if (plays && !isMuted()) play("critical"); });
  addEventListener("storage", () => ring());
  const opened = document.querySelector("main article[id^='incident-']");
  if (opened) hush([Number(opened.id.slice("incident-".length))]);
  show(0);
})();
