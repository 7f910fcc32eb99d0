/* Pictures that are stepped through. */
"use strict";

(() => {
  const { button, status, unseen, h } = window.course;

  /** One picture after another, by the reader's own steps; on paper and without scripts all of them stand there. */
  customElements.define("course-steps", class extends HTMLElement {
    connectedCallback() {
      if (this.dataset.ready) return;
      this.dataset.ready = "true";
      this.steps = [...this.querySelectorAll(".hc-step")];
      this.back = button("Back", () => this.go(-1));
      this.next = button("Next", () => this.go(1), "hc-button hc-first");
      this.said = status();
      this.append(h("div", { className: "hc-actions" }, this.back, this.next, this.said));
      this.show(0);
    }

    go(by) {
      this.show(Math.min(Math.max(this.now + by, 0), this.steps.length - 1));
    }

    show(now) {
      this.now = now;
      this.steps.forEach((step, index) => step.toggleAttribute("data-now", index === now));
      // Not `disabled`: that would take the focus away from whoever pressed it last.
      this.back.setAttribute("aria-disabled", String(now === 0));
      this.next.setAttribute("aria-disabled", String(now === this.steps.length - 1));
      const says = this.steps[now].querySelector(".hc-says").textContent;
      this.said.replaceChildren(`${now + 1} of ${this.steps.length}`, unseen(`: ${says}`));
    }
  });
})();
