/* Where the reader stands: the invariants of a lab, and the way through the labs. */
"use strict";

(() => {
  const { h, unseen, dayOf, say, fillPredictions } = window.course;

  /** Where a lab stands, in one sentence. */
  function sentence({ verdict, message, from_last_time: before, graded_at: at, ...lab }) {
    if (verdict === "grading") return "Grading your code …";
    const marks = lab.stale ? " The marks are as of the last build." : "";
    if (verdict === "does-not-compile") return `Your code does not compile${message ? `: ${message}` : "."}${message && marks ? "." : ""}${marks}`;
    if (verdict === "timed-out") return `The tests did not come to an end${message ? `: ${message}` : "."}`;
    if (verdict !== "graded") return message ?? "";
    const since = before && at ? `, as graded on ${dayOf(at)}; nothing has changed since` : "";
    return `${byStage(lab)}${since}.`;
  }

  /** Where a lab stands by its stages: the first stage that does not hold, then the hardening. */
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

  /** Under a mark that does not hold: the first test in the order of the lab, what it says, where, and what usually is behind it. */
  function showWhy(item, tests) {
    const red = (tests ?? []).filter(({ passed }) => !passed).sort((a, b) => (a.order ?? 0) - (b.order ?? 0));
    const first = red.find(({ outcome }) => !["not-built", "not-run"].includes(outcome)) ?? red[0];
    const told = JSON.stringify(first && [first.name, first.message, first.place, red.length]);
    if (item.told === told) return;
    item.told = told;
    item.querySelector(".hc-why")?.remove();
    if (!first) return;
    const lines = first.message.split("\n").map((line) => line.trim()).filter(Boolean);
    const place = first.place ? ` at ${first.place.file}:${first.place.line}` : "";
    const parts = first.outcome === "not-built"
      ? [h("p", {}, `Not built yet: ${first.message.replace(/^not yet implemented:? */, "")}`, h("span", { className: "hc-what" }, place))]
      : [h("p", {}, h("code", {}, first.name), " ", lines.slice(0, 3).join(" "), h("span", { className: "hc-what" }, place))];
    for (const { wrong, tempts } of first.usual ?? []) parts.push(h("p", {}, h("strong", {}, "Usual cause: "), `${wrong} `, h("span", { className: "hc-what" }, `Why it tempts: ${tempts}`)));
    if (red.length > 1) parts.push(h("p", { className: "hc-what" }, `and ${red.length - 1} more that ${red.length === 2 ? "does" : "do"} not pass`));
    item.append(h("div", { className: "hc-why" }, ...parts));
  }

  /** The core's stages, and the offer of the hardening once they hold. */
  customElements.define("course-stages", class extends HTMLElement {
    show(lab) {
      const stages = new Map((lab.stages ?? []).map((stage) => [stage.module, stage]));
      for (const item of this.querySelectorAll(".hc-stage")) {
        const stage = stages.get(item.dataset.stage);
        // A stage that nobody has begun is open, and not wrong.
        showMark(item, stage && (stage.holds || stage.passed > 0) ? stage.holds : undefined);
        const tests = (lab.invariants ?? []).flatMap(({ tests }) => tests ?? []);
        showWhy(item, stage && !stage.holds && stage.passed > 0 ? tests.filter(({ target, module }) => target === "core" && module === stage.module) : []);
        say(item.querySelector(".hc-stands"), stage?.of ? `${stage.passed} of ${stage.of} hold` : "");
      }
      this.toggleAttribute("data-stale", lab.stale === true);
      this.querySelector(".hc-harden").hidden = !(lab.core && lab.hardening && !lab.hardening.holds);
    }
  });

  /** The lab's invariants; `cargo course` says which of them hold. */
  customElements.define("course-invariants", class extends HTMLElement {
    show(lab) {
      const holds = new Map((lab.invariants ?? []).map(({ id, holds }) => [id, holds]));
      // Of code that does not compile, what held before is shown, and said to be of before.
      this.toggleAttribute("data-stale", lab.stale === true);
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

  /** In the table of contents, a mark beside the chapter of each lab. */
  function markContents(way) {
    for (const known of way?.labs ?? []) {
      const page = (known.chapter ?? "").replace(/\.md$/, ".html");
      const link = page && [...document.querySelectorAll("#mdbook-sidebar a[href]")].find((a) => new URL(a.href).pathname.endsWith(`/${page}`));
      if (!link || link.dataset.stands === known.mark) continue;
      link.dataset.stands = known.mark;
      link.querySelector(".hc-mark")?.remove();
      link.querySelector(".hc-unseen")?.remove();
      const [mark, words] = { holds: ["✓", "holds"], core: ["✓", "core done"], open: ["◐", "begun"], fresh: ["○", "not begun"] }[known.mark] ?? [];
      if (mark) link.append(h("span", { className: "hc-mark", "aria-hidden": "true" }, ` ${mark}`), unseen(`, ${words}`));
    }
  }

  /** Where a lab's first mark that does not hold is shown, from any page. */
  function whereItStands(name, lab, way, root) {
    const chapter = way?.labs?.find((known) => known.name === name)?.chapter;
    const red = lab.invariants?.find(({ holds }) => !holds) ?? lab.invariants?.[0];
    if (!chapter || !red) return null;
    const slug = chapter.replace(/\.md$/, "").replace(/[^\p{L}\p{N}_]/gu, "-");
    return `${root}${chapter.replace(/\.md$/, ".html")}#invariant-${slug}-${red.id}`;
  }

  Object.assign(window.course, { sentence, markContents, whereItStands });
})();
