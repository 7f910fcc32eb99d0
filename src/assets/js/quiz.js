/* Quizzes. */
"use strict";

(() => {
  const { store, h, button, submit, status } = window.course;

  /** One question after another: choose, check, read why, try again. */
  customElements.define("course-quiz", class extends HTMLElement {
    connectedCallback() {
      if (this.dataset.ready) return;
      this.dataset.ready = "true";
      this.questions = [...this.querySelectorAll(".hc-question")].map((item) => this.prepare(item));
      this.tally = status();
      this.all = button("", () => this.explain(!this.hasAttribute("data-all")));
      this.explain(false);
      this.append(h("div", { className: "hc-actions" }, this.all, button("Start over", () => this.startOver()), this.tally));
      this.count();
    }

    prepare(item) {
      const question = {
        item,
        key: `quiz:${this.dataset.page}:${item.dataset.question}`,
        form: item.querySelector("form"),
        options: [...item.querySelectorAll(".hc-option")],
        feedback: h("div", { className: "hc-feedback", role: "status" }),
      };
      question.form.append(h("div", { className: "hc-actions" }, submit("Check")));
      question.form.after(question.feedback);
      question.form.addEventListener("submit", (event) => {
        event.preventDefault();
        const chosen = question.form.querySelector("input:checked");
        if (!chosen) {
          question.feedback.replaceChildren(h("p", {}, "Choose an answer first."));
          return;
        }
        store.set(question.key, { option: Number(chosen.value) });
        this.judge(question, Number(chosen.value));
        this.count();
      });
      question.form.addEventListener("change", () => this.clear(question));
      const kept = store.get(question.key)?.option;
      const input = question.form.querySelector(`input[value="${Number(kept)}"]`);
      if (input) {
        input.checked = true;
        this.judge(question, Number(kept));
      }
      return question;
    }

    judge({ item, options, feedback }, option) {
      const why = item.querySelector(`.hc-why[data-option="${option}"]`);
      const right = why.dataset.right === "true";
      item.dataset.answered = right ? "right" : "wrong";
      feedback.dataset.verdict = item.dataset.answered;
      feedback.classList.toggle("hc-right", right);
      feedback.classList.toggle("hc-wrong", !right);
      feedback.replaceChildren(...[...why.children].map((child) => child.cloneNode(true)));
      if (!right) feedback.append(h("p", {}, "Choose another answer and check again."));
      options[option].dataset.verdict = item.dataset.answered;
    }

    clear({ options, feedback }) {
      delete feedback.dataset.verdict;
      feedback.classList.remove("hc-right", "hc-wrong");
      feedback.replaceChildren();
      for (const option of options) delete option.dataset.verdict;
    }

    explain(shown) {
      this.toggleAttribute("data-all", shown);
      for (const details of this.querySelectorAll(".hc-answers")) details.open = shown;
      this.all.textContent = shown ? "Hide the explanations" : "Show all explanations";
    }

    startOver() {
      this.explain(false);
      for (const question of this.questions) {
        store.forget(question.key);
        question.form.reset();
        delete question.item.dataset.answered;
        this.clear(question);
      }
      this.count();
    }

    count() {
      const right = this.questions.filter(({ item }) => item.dataset.answered === "right").length;
      this.tally.textContent = `${right} of ${this.questions.length} answered right`;
    }
  });
})();
