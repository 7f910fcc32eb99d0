/* The calculator of batches. */
"use strict";

(() => {
  const { store, h, allDigits, number, duration } = window.course;

  /** What a batch saves: crossings against the wait for the batch to fill. */
  customElements.define("course-calculator", class extends HTMLElement {
    connectedCallback() {
      if (this.dataset.ready) return;
      this.dataset.ready = "true";
      this.key = `calculator:${this.dataset.calculator}`;
      this.form = this.querySelector("form");
      this.form.hidden = false;
      this.form.addEventListener("submit", (event) => event.preventDefault());
      this.inputs = ["items", "batch", "crossing_us", "item_us", "rate"].map((name) => this.form.elements[name]);
      this.preset = this.form.elements.preset;
      this.bars = h("div", { className: "hc-bars", "aria-hidden": "true" });
      this.said = h("p", { className: "hc-unseen", role: "status" });
      this.form.append(this.bars, this.said);
      this.form.addEventListener("input", (event) => this.change(event.target));
      this.recall();
      this.show();
    }

    recall() {
      const kept = store.get(this.key) ?? {};
      for (const input of this.inputs) if (input.name in kept) input.value = kept[input.name];
      // A preset is remembered by name, so that a new measurement moves it.
      const option = [...(this.preset?.options ?? [])].find(({ value, text }) =>
        ("preset" in kept ? text.startsWith(kept.preset) : Number(value) === Number(this.form.elements.crossing_us.value)));
      if (option) {
        option.selected = true;
        this.form.elements.crossing_us.value = option.value;
      } else if (this.preset) {
        this.preset.selectedIndex = -1;
      }
    }

    change(input) {
      if (input === this.preset) this.form.elements.crossing_us.value = input.value;
      else if (input.name === "crossing_us" && this.preset) this.preset.selectedIndex = -1;
      const kept = Object.fromEntries(this.inputs.map(({ name, value }) => [name, value]));
      const chosen = this.preset?.selectedOptions[0];
      if (chosen) kept.preset = chosen.text.replace(/(?:, (?:yours|reference machine))?\s*\(.*/, "");
      store.set(this.key, kept);
      this.show();
      clearTimeout(this.later);
      this.later = setTimeout(() => { this.said.textContent = this.sentence; }, 700);
    }

    show() {
      let valid = true;
      for (const input of this.inputs) {
        const fine = input.checkValidity() && input.value !== "";
        input.setAttribute("aria-invalid", String(!fine));
        valid &&= fine;
      }
      const results = valid ? this.work(...this.inputs.map(({ value }) => Number(value))) : {};
      for (const output of this.form.querySelectorAll("output")) {
        output.setAttribute("aria-live", "off"); // one sentence is read out instead of six figures
        output.value = results[output.name] ?? "–";
      }
      this.sentence = valid
        ? `${results.crossings} crossings: ${results.total} in batches, ${results.alone} one by one.`
        : "One of the figures is not usable.";
      if (!valid) this.bars.replaceChildren();
    }

    work(items, batch, crossing, item, rate) {
      const crossings = Math.ceil(items / batch);
      const work = items * item;
      const total = crossings * crossing + work;
      const alone = items * crossing + work;
      this.bars.replaceChildren(
        ...this.bar("One by one", items * crossing, work, alone),
        ...this.bar(`In batches of ${number(batch)}`, crossings * crossing, work, alone),
        h("div", {}, h("i", { className: "hc-key" }), "crossing", h("i", { className: "hc-key hc-work" }), "work"),
      );
      return {
        crossings: allDigits.format(crossings),
        total: duration(total),
        alone: duration(alone),
        ratio: `${number(total > 0 ? alone / total : 1)} ×`,
        share: `${number(total > 0 ? (100 * crossings * crossing) / total : 0)} %`,
        wait: rate > 0 ? duration(((Math.min(batch, items) - 1) / rate) * 1e6) : "none",
      };
    }

    bar(title, crossing, work, whole) {
      const part = (value) => {
        const piece = h("i");
        piece.style.width = `${whole > 0 ? (100 * value) / whole : 0}%`;
        return piece;
      };
      return [h("div", {}, title), h("div", { className: "hc-bar" }, part(crossing), part(work))];
    }
  });
})();
