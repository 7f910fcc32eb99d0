/* Where the reader stands: the invariants of a lab, and the way through the labs. */
"use strict";

(() => {
  const { h, unseen, dayOf, say, fillPredictions } = window.course;

  /** Where a lab stands, in one sentence. */
  function sentence({ verdict, message, holds, of, from_last_time: before, graded_at: at }) {
    if (verdict === "grading") return "Grading your code …";
    if (verdict === "does-not-compile") return `Your code does not compile${message ? `: ${message}` : "."}`;
    if (verdict === "timed-out") return `The tests did not come to an end${message ? `: ${message}` : "."}`;
    if (verdict !== "graded") return message ?? "";
    const since = before && at ? `, as graded on ${dayOf(at)}; nothing has changed since` : "";
    return holds === of ? `All ${of} invariants hold${since}.` : `${holds} of ${of} invariants hold${since}.`;
  }

  /** The lab's invariants; `cargo course` says which of them hold. */
  customElements.define("course-invariants", class extends HTMLElement {
    show(lab) {
      const holds = new Map((lab.invariants ?? []).map(({ id, holds }) => [id, holds]));
      // While grading, the marks of the last grade stay.
      if (lab.verdict !== "grading" || holds.size) {
        const besideHeadings = document.querySelectorAll(`.hc-proves[data-lab="${this.dataset.lab}"] [data-invariant]`);
        for (const item of [...this.querySelectorAll(".hc-invariant"), ...besideHeadings]) {
          const held = holds.get(item.dataset.invariant);
          const mark = item.querySelector(".hc-mark");
          if (typeof held !== "boolean") {
            delete item.dataset.holds;
            mark.replaceChildren();
          } else if (item.dataset.holds !== String(held)) {
            item.dataset.holds = held;
            mark.replaceChildren(h("span", { "aria-hidden": "true" }, held ? "✓" : "✗"), unseen(held ? "holds:" : "does not hold:"));
          }
        }
      }
      say(this.querySelector(".hc-tally"), sentence(lab));
    }
  });

  /** The labs in order; `cargo course` says what holds and what is next, and the browser what was predicted. */
  customElements.define("course-way", class extends HTMLElement {
    connectedCallback() {
      fillPredictions();
    }

    show({ labs = {}, way }) {
      for (const known of way?.labs ?? []) {
        const row = [...this.querySelectorAll("tr[data-lab]")].find(({ dataset }) => dataset.lab === known.name);
        if (!row) continue; // a lab that came after this page was built
        const grading = labs[known.name]?.verdict === "grading";
        row.dataset.stands = known.mark;
        const [mark, words] = { holds: ["✓", "holds:"], open: ["○", "open:"], fresh: ["", ""] }[known.mark] ?? ["", ""];
        const shown = h("span", { "aria-hidden": "true" }, mark);
        row.querySelector(".hc-mark").replaceChildren(...(mark ? [shown, unseen(words)] : []));
        const graded = labs[known.name]?.from_last_time && known.graded_at ? `, graded ${dayOf(known.graded_at)}` : "";
        const left = known.left_out ? "; left out: later labs take ours" : "";
        say(row.querySelector(".hc-stands"), grading && known.mark !== "fresh" ? "being graded …" : `${known.stands}${graded}${left}`);
      }
      if (way?.next) this.next(way.next);
    }

    next({ sentence, command, page }) {
      const next = this.querySelector(".hc-next");
      const told = JSON.stringify([sentence, command, page]);
      if (next.told === told) return;
      next.told = told;
      const parts = [h("strong", {}, "Next: "), sentence];
      if (command) parts.push(": ", h("code", {}, command));
      if (page) parts.push(". ", h("a", { href: page.replace(".md", ".html") }, "Read it here"));
      next.replaceChildren(...parts, ".");
    }
  });

  Object.assign(window.course, { sentence });
})();
