/* What the course's widgets share. Each page is whole without these scripts: the preprocessor writes questions,
   answers and tables as plain HTML, and the elements make them answer back. No request leaves the page, unless
   `cargo course` serves it, which the page then says in #course-live. */
"use strict";

(() => {
  // What the reader answered, kept in this browser; in memory where the browser refuses.
  const memory = new Map();
  const store = {
    get(key) {
      let text = memory.get(key);
      try {
        text = localStorage.getItem(`hybrid-by-design:${key}`) ?? text;
        return JSON.parse(text ?? "null");
      } catch {
        return text ? JSON.parse(text) : null;
      }
    },
    set(key, value) {
      memory.set(key, JSON.stringify(value));
      try {
        localStorage.setItem(`hybrid-by-design:${key}`, JSON.stringify(value));
      } catch { /* private window, full disk, no permission: memory has it */ }
    },
    forget(key) {
      memory.delete(key);
      try {
        localStorage.removeItem(`hybrid-by-design:${key}`);
      } catch { /* as above */ }
    },
  };

  /** An element: `h("p", { className: "hc-status" }, "text", child)`; `aria-…` and `data-…` become attributes. */
  function h(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (/^(?:aria|data)-|^role$/.test(name)) element.setAttribute(name, value);
      else element[name] = value;
    }
    element.append(...children);
    return element;
  }
  const button = (text, onclick, className = "hc-button") => h("button", { type: "button", className, onclick }, text);
  const submit = (text) => h("button", { type: "submit", className: "hc-button hc-first" }, text);
  const status = () => h("p", { className: "hc-status", role: "status" });
  const unseen = (text) => h("span", { className: "hc-unseen" }, text);

  const threeDigits = new Intl.NumberFormat("en-GB", { maximumSignificantDigits: 3 });
  const allDigits = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 6 });
  const number = (value) => threeDigits.format(value);
  function duration(us) {
    const [unit, scale] = us < 1 ? ["ns", 1e-3] : us < 1e3 ? ["µs", 1] : us < 1e6 ? ["ms", 1e3] : ["s", 1e6];
    return `${number(us / scale)} ${unit}`;
  }
  const day = (stamp) => (stamp ?? "").slice(0, 10);
  const dayOf = (seconds) => new Date(1000 * seconds).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" });

  /** What a reader writes for a number: `6400`, `6,400`, `6.4k`, `1e6`, `0,5`. Null if it is none. */
  function parseNumber(text) {
    const parts = /^([\d.,\s_']+(?:e[+\-]?\d+)?)\s*(k|m)?$/i.exec(text.trim());
    if (!parts) return null;
    const plain = parts[1].replace(/[\s_']/g, "").replace(/,(?=\d{3}(?!\d))/g, "").replace(",", ".");
    const value = Number(plain) * ({ k: 1e3, m: 1e6 }[parts[2]?.toLowerCase()] ?? 1);
    return Number.isFinite(value) && value > 0 ? value : null;
  }

  /** Sets a live region's text only when it changed: what is set is read out. */
  function say(region, text) {
    if (region && region.textContent !== text) region.textContent = text;
  }

  /** All that is folded on this page. */
  const folds = () => [...document.querySelectorAll("main details")];

  window.course = { store, h, button, submit, status, unseen, allDigits, number, duration, day, dayOf, parseNumber, say, folds };
})();
