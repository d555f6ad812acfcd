// Gets the events: one stream a browser. The tab that leads has it, and passes events on.
//
// The tab that holds a Web Lock leads; when it is closed, the browser gives the lock to the next. A
// leader that does not answer a visible tab is frozen: that tab takes the lock. What each tab shows
// is in the name of a second lock, so the leader knows what to follow. Web Locks exist on https and
// loopback only: without them each tab has a stream of its own, and a browser at most SEATS, since
// six connections are all that it makes to one server.
//
// Tells other scripts, as events of the document: "live:heard" {at}, "live:fragments" {html},
// "live:alarms" {at, is_all, incidents}, "live:reload", "live:trying" {at, why}, "live:refused" {why}.
"use strict";
(() => {
  const html = document.documentElement;
  const root = html.dataset.root || "";
  const LEADER = `venuewatch ${root} leads`;
  const SHOWS = `venuewatch ${root} shows `;
  const SEATS = 4;
  const [SILENT_MS, OPENING_MS] = [3000, 10000]; // what is opening may send much first
  const RETRY_MS = { first: 500, most: 8000 }; // full jitter below it, doubled each time
  const EVENTS = ["fragments", "alarms", "sent", "pulse", "reload"];
  const tabs = new BroadcastChannel(`venuewatch ${root}`);
  const me = Math.random();
  const pages = { overview: "overview", wall: "overview", map: "map", incidents: "incidents" };
  const shown = pages[html.dataset.page] || document.querySelector("main article[id]")?.id || "";
  let topics = [shown];
  let last = ""; // the id of the last event; a page that knows nothing yet needs a snapshot
  let source = null;
  let [quietSince, limit] = [0, OPENING_MS];
  let [attempts, retryAt, timer, askedAt] = [0, 0, 0, 0];
  let [leads, wanted, seats, messageAt] = [false, null, null, Date.now()];

  const tell = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

  // What every tab does with a message of the stream, its own or the leader's.
  function take(message) {
    messageAt = Date.now();
    askedAt = 0;
    if (message.kind === "trying") {
      tell("live:trying", message);
    } else {
      last = message.id || last;
      const data = message.name === "fragments" ? { html: message.data } : JSON.parse(message.data);
      tell("live:heard", data);
      tell(`live:${message.name}`, data);
      if ((data.version || html.dataset.version) !== html.dataset.version) tell("live:reload");
    }
  }

  function pass(message) {
    if (leads) tabs.postMessage(message);
    take(message);
  }

  // The stream of this tab.
  function address() {
    const query = new URLSearchParams(topics.filter(Boolean).map((topic) => ["on", topic]));
    if (last) query.set("last", last);
    return `${root}/events?${query}`;
  }

  function open() {
    close();
    quietSince = Date.now();
    limit = OPENING_MS;
    source = new EventSource(address());
    for (const name of EVENTS) {
      source.addEventListener(name, (event) => {
        quietSince = Date.now();
        limit = SILENT_MS;
        attempts = 0;
        pass({ kind: "event", name, id: event.lastEventId, data: event.data });
      });
    }
    source.onerror = () => fail(source.readyState === EventSource.CLOSED);
  }

  function close() {
    clearTimeout(timer);
    retryAt = 0;
    source?.close();
    source = null;
  }

  function fail(isAnswered) {
    close();
    const wait = Math.random() * Math.min(RETRY_MS.most, RETRY_MS.first * 2 ** attempts);
    attempts += 1;
    retryAt = Date.now() + wait;
    later(wait, open);
    pass({ kind: "trying", at: retryAt });
    if (isAnswered) explain();
  }

  // An EventSource does not say why it was refused.
  async function explain() {
    const stop = new AbortController();
    const answer = await fetch(address(), { signal: stop.signal }).catch(() => null);
    const why = answer && !answer.ok && (await answer.text()).slice(0, 200);
    if (why) pass({ kind: "trying", at: retryAt, why });
    stop.abort();
  }

  // A connection that was cut says nothing; nor does a timer run that the browser holds back.
  function check() {
    const now = Date.now();
    if (source && now - quietSince > limit) fail(false);
    if (retryAt && now >= retryAt) open();
    if (navigator.locks && !leads && !document.hidden && now - messageAt > SILENT_MS) ask(now);
  }

  // One leader.
  function lead() {
    leads = true;
    follow(last);
    tabs.postMessage({ kind: "leads" });
    return new Promise(() => {}); // until the tab is closed, or another takes the lock
  }

  function queue(options) {
    navigator.locks.request(LEADER, options, lead).catch(() => {
      leads = false;
      close();
      queue({});
    });
  }

  function ask(now) {
    if (askedAt && now - askedAt > SILENT_MS / 2) {
      askedAt = 0;
      messageAt = now;
      queue({ steal: true });
    } else {
      askedAt ||= now;
      tabs.postMessage({ kind: "asks" });
    }
  }

  // Opens the stream anew, for all that the tabs show, from the event on that all of them have.
  async function follow(since) {
    const isUnderWay = wanted !== null;
    wanted = isUnderWay ? older(wanted, since) : since;
    if (isUnderWay) return;
    const { held } = await navigator.locks.query();
    const others = held.filter(({ name }) => name.startsWith(SHOWS));
    topics = [...new Set([shown, ...others.map(({ name }) => name.slice(SHOWS.length))])];
    topics.splice(64); // as many as a stream may have
    last = wanted;
    wanted = null;
    if (leads) open();
  }

  function older(one, other) {
    const [[start, number], [otherStart, otherNumber]] = [one.split("-"), other.split("-")];
    if (start !== otherStart) return "";
    return Number(number) < Number(otherNumber) ? one : other;
  }

  // Without locks: a stream a tab, while there are seats.
  function sit() {
    seats = new Set();
    tabs.postMessage({ kind: "counts", from: me });
    later(400, () => {
      if (seats.size >= SEATS) {
        tell("live:refused", { why: `${SEATS} pages of this browser are live already` });
        later(OPENING_MS, sit);
      } else {
        seats = null;
        open();
      }
    });
  }

  function later(ms, act) {
    clearTimeout(timer);
    timer = setTimeout(act, ms);
  }

  const answers = {
    event: (message) => leads || take(message),
    trying: (message) => leads || take(message),
    leads: () => { if (!last) tabs.postMessage({ kind: "joins", last }); },
    joins: (message) => leads && follow(older(message.last, last)),
    asks: () => {
      if (!leads) return;
      check();
      tabs.postMessage(retryAt ? { kind: "trying", at: retryAt } : { kind: "here" });
    },
    here: () => { askedAt = 0; },
    counts: ({ from }) => {
      if (source || retryAt || (seats && me < from)) tabs.postMessage({ kind: "sits", from: me });
    },
    sits: ({ from }) => seats?.add(from),
    left: () => { if (seats) later(Math.random() * 500, sit); },
  };

  tabs.onmessage = ({ data }) => answers[data.kind](data);
  setInterval(check, 500);
  document.addEventListener("visibilitychange", check);
  addEventListener("online", () => { if (retryAt) open(); });
  addEventListener("pagehide", () => tabs.postMessage({ kind: "left" }));
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  if (navigator.locks) {
    navigator.locks.request(SHOWS + shown, { mode: "shared" }, () => {
      tabs.postMessage({ kind: "joins", last });
      queue({});
      return new Promise(() => {});
    });
  } else {
    sit();
  }
})();
