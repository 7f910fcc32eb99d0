/* Pieces of work to be placed: choose a scope and what decides it, check, read why. */
"use strict";

(() => {
  const { store, h, button, submit, status, say } = window.course;

  customElements.define("course-place", class extends HTMLElement {
    connectedCallback() {
      if (this.dataset.ready) return;
      this.dataset.ready = "true";
      this.answers = this.querySelector(".hc-placed");
      this.pieces = [...this.querySelectorAll(".hc-piece")].map((item) => this.prepare(item));
      this.tally = status();
      this.append(h("div", { className: "hc-actions" }, button("Start over", () => this.startOver()), this.tally));
      this.count();
    }

    prepare(item) {
      const piece = {
        item,
        key: `place:${this.dataset.page}:${item.dataset.piece}`,
        form: item.querySelector("form"),
        answer: this.answers.querySelector(`[data-piece="${item.dataset.piece}"]`),
        feedback: h("div", { className: "hc-feedback", role: "status" }),
      };
      piece.form.append(h("div", { className: "hc-actions" }, submit("Check")));
      piece.form.after(piece.feedback);
      piece.form.addEventListener("submit", (event) => {
        event.preventDefault();
        const chosen = this.read(piece);
        if (!chosen) return;
        store.set(piece.key, chosen);
        this.judge(piece, chosen);
        this.count();
      });
      piece.form.addEventListener("change", () => this.clear(piece));
      const kept = store.get(piece.key);
      const inputs = ["scope", "pressure"].map((part) => piece.form.querySelector(`input[name="${part}"][value="${Number(kept?.[part])}"]`));
      if (inputs.every(Boolean)) {
        for (const input of inputs) input.checked = true;
        this.judge(piece, kept);
      }
      return piece;
    }

    read({ form, feedback }) {
      const [scope, pressure] = ["scope", "pressure"].map((part) => form.querySelector(`input[name="${part}"]:checked`));
      if (scope && pressure) return { scope: Number(scope.value), pressure: Number(pressure.value) };
      feedback.replaceChildren(h("p", {}, scope ? "Now say what decides it." : "Choose where it is enough first."));
      form.querySelector(`input[name="${scope ? "pressure" : "scope"}"]`).focus();
      return null;
    }

    /** The scope first: what decides a wrong one is no question. */
    judge(piece, { scope, pressure }) {
      const { answer, feedback, form, item } = piece;
      const [rightScope, rightPressure] = [answer.dataset.scope, answer.dataset.pressure].map(Number);
      const scopeHolds = scope === rightScope;
      const holds = scopeHolds && pressure === rightPressure;
      item.dataset.answered = holds ? "right" : "wrong";
      feedback.dataset.verdict = item.dataset.answered;
      const verdict = (text) => h("p", { className: "hc-verdict" }, h("strong", {}, text));
      if (holds) {
        const why = [...answer.querySelector(".hc-reason").children].map((child) => child.cloneNode(true));
        feedback.replaceChildren(verdict("That is enough, and that is why."), ...why);
      } else if (scopeHolds) {
        const shows = this.answers.querySelector(`li[data-pressure="${pressure}"] > span`);
        feedback.replaceChildren(verdict("The right scope, for another reason."), h("p", {}, "That would look different: ", ...[...shows.cloneNode(true).childNodes]));
      } else {
        const tempts = answer.querySelector(`li[data-scope="${scope}"] > span`);
        feedback.replaceChildren(verdict(scope > rightScope ? "Further than it has to be." : "Not enough."), h("p", {}, ...[...tempts.cloneNode(true).childNodes]));
      }
      this.mark(form, "scope", scope, scopeHolds);
      if (scopeHolds) this.mark(form, "pressure", pressure, holds);
    }

    mark(form, part, value, holds) {
      form.querySelector(`input[name="${part}"][value="${value}"]`).closest(".hc-option").dataset.verdict = holds ? "right" : "wrong";
    }

    clear({ item, form, feedback }) {
      delete item.dataset.answered;
      delete feedback.dataset.verdict;
      feedback.replaceChildren();
      for (const option of form.querySelectorAll(".hc-option")) delete option.dataset.verdict;
      this.count();
    }

    startOver() {
      for (const piece of this.pieces) {
        store.forget(piece.key);
        piece.form.reset();
        this.clear(piece);
      }
      this.count();
    }

    count() {
      if (!this.tally) return;
      const right = this.pieces.filter(({ item }) => item.dataset.answered === "right").length;
      say(this.tally, `${right} of ${this.pieces.length} placed`);
    }
  });
})();
