/* What the course's widgets share. Each page is whole without these scripts: the preprocessor writes questions,
   answers and tables as plain HTML, and the elements make them answer back. No request leaves the page, unless
   `cargo course` serves it, which the page then says in #course-live. */
"use strict";

(() => {
  // What the reader answered, kept in this browser; in memory where the browser refuses.
  const memory = new Map();
  const store = {
    get(key) {
      let text = null;
      try {
        text = localStorage.getItem(`hybrid-by-design:${key}`);
      } catch { /* no permission: memory has it */ }
      text ??= memory.get(key) ?? "null";
      try {
        return JSON.parse(text);
      } catch {
        return null; // not ours
      }
    },
    set(key, value) {
      // In one of the two, so that another tab can take back what this one wrote.
      try {
        localStorage.setItem(`hybrid-by-design:${key}`, JSON.stringify(value));
        memory.delete(key);
      } catch { // private window, full disk, no permission
        memory.set(key, JSON.stringify(value));
      }
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
  const decimals = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 6 });
  const sixDigits = new Intl.NumberFormat("en-GB", { maximumSignificantDigits: 6 });
  const allDigits = { format: (value) => (value < 1 ? sixDigits : decimals).format(value) };
  const number = (value) => threeDigits.format(value);
  function duration(us) {
    const [unit, scale] = us < 1 ? ["ns", 1e-3] : us < 1e3 ? ["µs", 1] : us < 1e6 ? ["ms", 1e3] : ["s", 1e6];
    return `${number(us / scale)} ${unit}`;
  }
  const day = (stamp) => (stamp ?? "").slice(0, 10);
  const dayOf = (seconds) => new Date(1000 * seconds).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" });

  const NANOSECONDS = { ns: 1, us: 1e3, "µs": 1e3, "μs": 1e3, ms: 1e6, s: 1e9, min: 60e9 };

  /**
   * What a reader writes for a number of `unit`: `6400`, `6,400`, `6.4k`, `1e6`, `~100`, `5 ms`, `20 ×`. Gives
   * `{ value }`, or the `trouble` in a few words.
   */
  function parseNumber(text, unit = "") {
    const parts = /^(?:[~≈]|about |circa |ca?\. ?)?\s*(\d[\d.,\s_']*|[.,]\d+)(?:e([+\-−]?\d+))?\s*(?:([km])(?![a-z]))?\s*(.*)$/i.exec(text.trim());
    if (!parts) return { trouble: "That is no number" };
    const [, digits, exponent = "0", many = "", word] = parts;
    const plain = digits.replace(/[\s_']/g, "").replace(/,(?=\d{3}(?!\d))/g, "").replace(",", ".");
    let value = Number(`${plain}e${exponent.replace("−", "-")}`) * ({ k: 1e3, m: 1e6 }[many.toLowerCase()] ?? 1);
    const [given, asked] = [NANOSECONDS[word.toLowerCase()], NANOSECONDS[unit]];
    if (given && asked) value *= given / asked;
    else if (given) return { trouble: `The question is how many ${unit}, and not how long` };
    else if (/\d/.test(word)) return { trouble: "That is more than one number" };
    else if (word && asked) return { trouble: `The unit “${word}” is not known here` };
    // Of a count the unit is a word, and whichever stands there means it.
    return Number.isFinite(value) && value > 0 ? { value } : { trouble: "It has to be above zero" };
  }

  /** Sets a live region's text only when it changed: what is set is read out. */
  function say(region, text) {
    if (region && region.textContent !== text) region.textContent = text;
  }

  /** All that is folded on this page. */
  const folds = () => [...document.querySelectorAll("main details")];

  window.course = { store, h, button, submit, status, unseen, allDigits, number, duration, day, dayOf, parseNumber, say, folds };
})();
