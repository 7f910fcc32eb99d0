/* The reader's guesses, marked on the ladder that was drawn when the book was built. */
"use strict";

(() => {
  const { store, duration, say } = window.course;

  const guessed = (key) => {
    const value = store.get(`predict:${key}`)?.value;
    return value > 0 ? value : null;
  };

  customElements.define("course-ladder", class extends HTMLElement {
    connectedCallback() {
      this.mark();
      this.marks = () => this.mark();
      addEventListener("course:predicted", this.marks);
    }

    disconnectedCallback() {
      removeEventListener("course:predicted", this.marks);
    }

    mark() {
      let any = false;
      for (const mark of this.querySelectorAll(".hc-guess")) {
        const { guess, unitNs, lowNs, highNs, from, to, y } = mark.dataset;
        const value = guessed(guess);
        mark.setAttribute("visibility", value ? "visible" : "hidden");
        if (!value) continue;
        any = true;
        const [low, high, start, end] = [lowNs, highNs, from, to].map(Number);
        const share = Math.log((value * Number(unitNs)) / low) / Math.log(high / low);
        const x = start + (end - start) * Math.min(1, Math.max(0, share));
        mark.setAttribute("transform", `translate(${x.toFixed(1)} ${y})`);
      }
      for (const cell of this.querySelectorAll("td[data-guess]")) {
        const value = guessed(cell.dataset.guess);
        cell.none ??= [...cell.childNodes]; // a dash, and words for it
        const shown = value && duration((value * Number(cell.dataset.unitNs)) / 1e3);
        cell.replaceChildren(...(shown ? [shown] : cell.none));
      }
      const inWords = [...this.querySelectorAll("tr")].map((row) => {
        const cell = row.querySelector("td[data-guess]");
        const value = cell && guessed(cell.dataset.guess);
        if (!value) return "";
        const label = row.querySelector("th").textContent;
        return `${label}: you guessed ${duration((value * Number(cell.dataset.unitNs)) / 1e3)}.`;
      }).filter(Boolean);
      say(this.querySelector(".hc-guesses"), any ? inWords.join(" ") : "Your guesses are marked here once you have committed them.");
    }
  });
})();
