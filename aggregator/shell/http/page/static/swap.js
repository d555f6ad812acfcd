// Swaps changed fragments into the page, by id, and never what the reader is using.
//
// In use is what has the focus, and a field that is half written. The page is renewed around it. It
// is left as it is, its fragment marked "is-held", and swapped when the reader leaves it.
"use strict";
(() => {
  const FIELDS = "input, textarea, select";
  const held = new Map();
  let mustReload = false;

  function isWritten(field) {
    if (field.options) return [...field.options].some((each) => each.selected !== each.defaultSelected);
    const isTicked = field.type === "checkbox" || field.type === "radio";
    return isTicked ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
  }

  const hasFocus = (element) => element.contains(document.activeElement);
  const isUsed = (element) => hasFocus(element)
    || (element.matches(FIELDS) ? [element] : [...element.querySelectorAll(FIELDS)]).some(isWritten);

  // The child of the fresh element that stands for this one: of its id, else in its place.
  function twinOf(child, fresh) {
    const isAlike = (other) => other.tagName === child.tagName && other.id === child.id;
    const place = [...child.parentNode.children].filter(isAlike).indexOf(child);
    return [...fresh.children].filter(isAlike)[place];
  }

  // Returns whether all of it is new now.
  function swap(old, fresh) {
    if (old.isEqualNode(fresh)) return true;
    if (!isUsed(old)) {
      old.replaceWith(fresh);
      return true;
    }
    const used = [...old.children].filter(isUsed);
    if (used.length !== 1) return false; // it is in use itself, or in two places
    for (const name of old.getAttributeNames()) {
      if (!fresh.hasAttribute(name)) old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) old.setAttribute(name, value);
    const [kept] = used;
    const twin = twinOf(kept, fresh);
    const isWhole = Boolean(twin) && swap(kept, twin.cloneNode(true));
    const others = [...fresh.childNodes];
    const place = others.indexOf(twin || others[[...old.childNodes].indexOf(kept)]);
    for (const child of [...old.childNodes]) if (child !== kept) child.remove();
    kept.before(...(place < 0 ? others : others.slice(0, place)));
    kept.after(...(place < 0 ? [] : others.slice(twin ? place + 1 : place)));
    return isWhole;
  }

  // A list of all incidents, the newest first, takes in what is newer than its first.
  function add(fresh) {
    const list = document.querySelector("[data-news]");
    const { news: venue, open } = list?.dataset || {};
    if (!list || !fresh.id.startsWith("i-") || (open && fresh.matches(".over"))) return;
    const [number, newest] = [fresh, list.firstElementChild].map((each) => Number(each?.id.slice(2) || 0));
    if (number > newest && (!venue || venue === fresh.dataset.venue)) list.prepend(fresh.cloneNode(true));
  }

  function put(fresh) {
    const old = document.getElementById(fresh.id);
    held.delete(fresh.id);
    if (!old) add(fresh);
    if (!old || swap(old, fresh.cloneNode(true))) return;
    held.set(fresh.id, fresh);
    old.classList.add("is-held");
  }

  function reload() {
    const fields = [...document.querySelectorAll(FIELDS)];
    if (mustReload && !fields.some((each) => isWritten(each) || hasFocus(each))) location.reload();
  }

  document.addEventListener("live:fragments", ({ detail }) => {
    const template = document.createElement("template");
    template.innerHTML = detail.html;
    for (const child of template.content.children) {
      for (const each of child.id ? [child] : child.children) put(each); // marks are within <svg>
    }
    document.dispatchEvent(new CustomEvent("live:swapped"));
  });
  document.addEventListener("live:reload", () => {
    mustReload = true;
    setTimeout(reload, Math.random() * 2000); // not all pages at once
  });
  document.addEventListener("focusout", () => setTimeout(() => { // then the next one has the focus
    for (const fresh of [...held.values()]) put(fresh);
    reload();
  }, 0));
})();
