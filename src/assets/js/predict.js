/* Predictions: written down before the figures are shown, and kept beside them. */
"use strict";

(() => {
  const { store, h, button, submit, status, allDigits, number, day, parseNumber, say } = window.course;

  /** A prediction has to be written down before the figures are shown. */
  customElements.define("course-predict", class extends HTMLElement {
    connectedCallback() {
      if (this.dataset.ready) return;
      this.dataset.ready = "true";
      this.key = `predict:${this.dataset.page}:${this.dataset.id}`;
      this.form = this.querySelector("form");
      this.after = this.querySelector(".hc-after");
      this.data = JSON.parse(this.querySelector(".hc-data").textContent);
      this.status = status();
      this.commit = submit("Commit");
      this.again = button("Predict again", () => this.forget());
      this.again.hidden = true;
      this.form.append(h("div", { className: "hc-actions" }, this.commit, this.again, this.status));
      this.form.addEventListener("submit", (event) => {
        event.preventDefault();
        const prediction = this.read();
        if (!prediction) return;
        store.set(this.key, prediction);
        this.reveal(prediction);
        fillPredictions();
        openCharts();
      });
      this.recall();
    }

    /** Shows what is kept, which another tab may have written or taken back. */
    recall() {
      const kept = store.get(this.key);
      if (!this.fits(kept)) {
        if (this.dataset.committed) this.reopen();
        return;
      }
      if (this.dataset.kind === "number") this.form.elements.value.value = allDigits.format(kept.value);
      else this.radios()[kept.option].checked = true;
      this.reveal(kept);
      openCharts();
    }

    radios() {
      return [...this.form.querySelectorAll("input[type=radio]")];
    }

    fits(kept) {
      return this.dataset.kind === "number" ? kept?.value > 0 : Boolean(this.radios()[kept?.option]);
    }

    read() {
      if (this.dataset.kind === "number") {
        const input = this.form.elements.value;
        const { value, trouble } = parseNumber(input.value, this.data.unit);
        input.setAttribute("aria-invalid", String(Boolean(trouble)));
        if (!trouble) return { value };
        this.status.textContent = `${trouble}. Write a number of ${this.data.unit}, such as 12, 3.5k or 1e6. A guess will do.`;
        input.focus();
        return null;
      }
      const option = this.radios().findIndex((radio) => radio.checked);
      if (option >= 0) return { option };
      this.status.textContent = "Choose one first. A guess will do.";
      return null;
    }

    reveal(prediction) {
      const { unit, yours, reference, exact } = this.data;
      const column = (title, shown, ...notes) => {
        const small = notes.filter(Boolean).join(" · ");
        return h("div", {}, h("dt", {}, title), h("dd", {}, shown, ...(small ? [h("small", {}, small)] : [])));
      };
      const text = (index) => this.radios()[index]?.closest("label").textContent.trim();
      const numeric = this.dataset.kind === "number";
      const shown = numeric ? `${allDigits.format(prediction.value)} ${unit ?? ""}`.trim() : text(prediction.option);
      const columns = [column("You predicted", shown)];
      if (exact) columns.push(column("It is", numeric ? exact.shown : text(exact.option)));
      if (yours) columns.push(column("Your machine", yours.shown, day(yours.measured_at), ...(yours.flags ?? [])));
      if (reference) columns.push(column("Reference", reference.shown, reference.machine, day(reference.measured_at)));
      this.compare?.remove();
      this.compare = h("dl", { className: "hc-compare" }, ...columns);
      this.after.querySelector("summary").after(this.compare);
      this.after.open = true;
      this.dataset.committed = "true";
      this.commit.hidden = true;
      this.again.hidden = false;
      this.lock(true);
      const judged = exact ?? yours ?? reference;
      this.status.textContent = judged
        ? this.verdict(prediction, judged, exact ? "" : yours ? " against your own figure" : " against the reference machine")
        : "Kept. There is no figure to hold it against yet.";
    }

    verdict(prediction, judged, against) {
      if (this.dataset.kind !== "number") {
        return prediction.option === judged.option ? `Right${against}.` : `Not so${against}.`;
      }
      const factor = Math.max(prediction.value / judged.value, judged.value / prediction.value);
      if (factor < 1.005) return `Exactly right${against}.`;
      if (factor < 1.1) return `Right within a tenth${against}.`;
      return `Too ${prediction.value > judged.value ? "high" : "low"} by a factor of ${number(factor)}${against}.`;
    }

    lock(locked) {
      for (const input of this.form.querySelectorAll("input")) {
        if (input.type === "radio") input.disabled = locked;
        else input.readOnly = locked;
      }
    }

    forget() {
      store.forget(this.key);
      this.reopen();
      this.form.querySelector("input").focus();
      fillPredictions();
    }

    reopen() {
      delete this.dataset.committed;
      this.compare.remove();
      this.after.open = false;
      this.lock(false);
      this.form.reset();
      this.status.textContent = "";
      this.commit.hidden = false;
      this.again.hidden = true;
    }
  });

  /** Puts what the reader predicted beside the figures, wherever a page has a place for it. */
  function fillPredictions() {
    for (const cell of document.querySelectorAll("td.hc-prediction[data-predictions]")) {
      const kept = store.get(`predict:${cell.dataset.predictions}`);
      const options = JSON.parse(cell.dataset.options ?? "[]");
      const value = kept?.value > 0 ? `${number(kept.value)} ${cell.dataset.unit ?? ""}`.trim() : options[kept?.option];
      cell.none ??= [...cell.childNodes]; // a dash, and words for it
      cell.replaceChildren(...(value ? [value] : cell.none));
    }
    for (const count of document.querySelectorAll(".hc-predicted")) {
      const keys = count.dataset.predictions.split(" ");
      const kept = keys.filter((key) => store.get(`predict:${key}`)).length;
      if (kept) say(count, `${kept} of ${keys.length} predicted`);
    }
    dispatchEvent(new Event("course:predicted"));
  }

  /** A page's charts unfold once nothing of it is left to predict. */
  function openCharts() {
    if (document.querySelector("course-predict:not([data-committed])")) return;
    for (const fold of document.querySelectorAll(".hc-spoiler")) fold.open = true;
  }

  // Of another tab.
  addEventListener("storage", ({ key }) => {
    for (const widget of document.querySelectorAll("course-predict")) {
      if (!key || key.endsWith(`:${widget.key}`)) widget.recall();
    }
    fillPredictions();
  });

  /** The reader's predictions beside the figures. */
  customElements.define("course-numbers", class extends HTMLElement {
    connectedCallback() {
      fillPredictions();
    }
  });

  Object.assign(window.course, { fillPredictions });
})();
