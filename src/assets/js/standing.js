/* Where the reader stands: the invariants of a lab, and the way through the labs. */
"use strict";

(() => {
  const { h, unseen, dayOf, say, fillPredictions } = window.course;

  /** Where a lab stands, in one sentence. */
  function sentence({ verdict, message, holds, of, from_last_time: before, graded_at: at, ...lab }) {
    if (verdict === "grading") return "Grading your code …";
    if (verdict === "does-not-compile") return `Your code does not compile${message ? `: ${message}` : "."}`;
    if (verdict === "timed-out") return `The tests did not come to an end${message ? `: ${message}` : "."}`;
    if (verdict !== "graded") return message ?? "";
    const since = before && at ? `, as graded on ${dayOf(at)}; nothing has changed since` : "";
    if (lab.stages?.length) return `${byStage(lab)}${since}.`;
    return holds === of ? `All ${of} invariants hold${since}.` : `${holds} of ${of} invariants hold${since}.`;
  }

  /** Where a lab with stages stands: the first stage that does not hold, then the hardening. */
  function byStage({ stages, core, hardening }) {
    const at = stages.findIndex(({ holds }) => !holds);
    if (at >= 0) return `Stage ${at + 1} of ${stages.length} · ${stages[at].title}: ${stages[at].passed} of ${stages[at].of} hold`;
    if (hardening?.holds) return "Core and hardening hold";
    if (hardening?.graded) return `Core done; of the hardening, ${hardening.passed} of ${hardening.of} hold`;
    return core ? "Core done: every stage holds" : "Every stage holds";
  }

  /** Shows in one item of a list whether it holds; nothing where that is not known. */
  function showMark(item, held) {
    const mark = item.querySelector(".hc-mark");
    if (typeof held !== "boolean") {
      delete item.dataset.holds;
      mark.replaceChildren();
    } else if (item.dataset.holds !== String(held)) {
      item.dataset.holds = held;
      mark.replaceChildren(h("span", { "aria-hidden": "true" }, held ? "✓" : "✗"), unseen(held ? "holds:" : "does not hold:"));
    }
  }

  /** The core's stages, and the offer of the hardening once they hold. */
  customElements.define("course-stages", class extends HTMLElement {
    show(lab) {
      const stages = new Map((lab.stages ?? []).map((stage) => [stage.module, stage]));
      for (const item of this.querySelectorAll(".hc-stage")) {
        const stage = stages.get(item.dataset.stage);
        // A stage that nobody has begun is open, and not wrong.
        showMark(item, stage && (stage.holds || stage.passed > 0) ? stage.holds : undefined);
        say(item.querySelector(".hc-stands"), stage?.of ? `${stage.passed} of ${stage.of} hold` : "");
      }
      this.querySelector(".hc-harden").hidden = !(lab.core && lab.hardening && !lab.hardening.holds);
    }
  });

  /** The lab's invariants; `cargo course` says which of them hold. */
  customElements.define("course-invariants", class extends HTMLElement {
    show(lab) {
      const holds = new Map((lab.invariants ?? []).map(({ id, holds }) => [id, holds]));
      // While grading, the marks of the last grade stay.
      if (lab.verdict !== "grading" || holds.size) {
        const besideHeadings = document.querySelectorAll(`.hc-proves[data-lab="${this.dataset.lab}"] [data-invariant]`);
        for (const item of [...this.querySelectorAll(".hc-invariant"), ...besideHeadings]) {
          showMark(item, holds.get(item.dataset.invariant));
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
        const [mark, words] = { holds: ["✓", "holds:"], core: ["✓", "core done:"], open: ["○", "open:"], fresh: ["", ""] }[known.mark] ?? ["", ""];
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
