/* The course's widgets. Each page is whole without this file: the preprocessor writes questions, answers and
   tables as plain HTML, and the elements below make them answer back. No request leaves the page, unless
   `cargo course` serves it, which the page then says in #course-live. */
"use strict";

(() => {
  // What the reader answered, kept in this browser; in memory where the browser refuses.
  const memory = new Map();
  const store = {
    get(key) {
      let text = memory.get(key);
      try {
        text = localStorage.getItem(`hybrid-by-design:${key}`) ?? text;
        return JSON.parse(text ?? "null");
      } catch {
        return text ? JSON.parse(text) : null;
      }
    },
    set(key, value) {
      memory.set(key, JSON.stringify(value));
      try {
        localStorage.setItem(`hybrid-by-design:${key}`, JSON.stringify(value));
      } catch { /* private window, full disk, no permission: memory has it */ }
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
  const allDigits = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 6 });
  const number = (value) => threeDigits.format(value);
  function duration(us) {
    const [unit, scale] = us < 1 ? ["ns", 1e-3] : us < 1e3 ? ["µs", 1] : us < 1e6 ? ["ms", 1e3] : ["s", 1e6];
    return `${number(us / scale)} ${unit}`;
  }
  const day = (stamp) => (stamp ?? "").slice(0, 10);
  const dayOf = (seconds) => new Date(1000 * seconds).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" });

  /** What a reader writes for a number: `6400`, `6,400`, `6.4k`, `1e6`, `0,5`. Null if it is none. */
  function parseNumber(text) {
    const parts = /^([\d.,\s_']+(?:e[+\-]?\d+)?)\s*(k|m)?$/i.exec(text.trim());
    if (!parts) return null;
    const plain = parts[1].replace(/[\s_']/g, "").replace(/,(?=\d{3}(?!\d))/g, "").replace(",", ".");
    const value = Number(plain) * ({ k: 1e3, m: 1e6 }[parts[2]?.toLowerCase()] ?? 1);
    return Number.isFinite(value) && value > 0 ? value : null;
  }

  const elements = {
    /** One question after another: choose, check, read why, try again. */
    "course-quiz": class extends HTMLElement {
      connectedCallback() {
        if (this.dataset.ready) return;
        this.dataset.ready = "true";
        this.questions = [...this.querySelectorAll(".hc-question")].map((item) => this.prepare(item));
        this.tally = status();
        const all = button("Show all explanations", () => {
          const shown = this.toggleAttribute("data-all");
          for (const details of this.querySelectorAll(".hc-answers")) details.open = shown;
          all.textContent = shown ? "Hide the explanations" : "Show all explanations";
        });
        this.append(h("div", { className: "hc-actions" }, all, button("Start over", () => this.startOver()), this.tally));
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

      startOver() {
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
    },

    /** A prediction has to be written down before the figures are shown. */
    "course-predict": class extends HTMLElement {
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
        });
        const kept = store.get(this.key);
        if (this.fits(kept)) {
          const { value } = this.form.elements;
          if (this.dataset.kind === "number") value.value = allDigits.format(kept.value);
          else this.radios()[kept.option].checked = true;
          this.reveal(kept);
        }
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
          const value = parseNumber(input.value);
          input.setAttribute("aria-invalid", String(value === null));
          if (value !== null) return { value };
          this.status.textContent = "Write a number above zero, such as 12 or 3.5k. A guess will do.";
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
        delete this.dataset.committed;
        this.compare.remove();
        this.after.open = false;
        this.lock(false);
        this.form.reset();
        this.status.textContent = "";
        this.commit.hidden = false;
        this.again.hidden = true;
        this.form.querySelector("input").focus();
        fillPredictions();
      }
    },

    /** What a batch saves: crossings against the wait for the batch to fill. */
    "course-calculator": class extends HTMLElement {
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
    },

    /** One picture after another, by the reader's own steps; on paper and without scripts all of them stand there. */
    "course-steps": class extends HTMLElement {
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
    },

    /** The lab's invariants; `cargo course` says which of them hold. */
    "course-invariants": class extends HTMLElement {
      show(lab) {
        const holds = new Map((lab.invariants ?? []).map(({ id, holds }) => [id, holds]));
        // While grading, the marks of the last grade stay.
        if (lab.verdict !== "grading" || holds.size) {
          for (const item of this.querySelectorAll(".hc-invariant")) {
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
    },

    /** The labs in order; `cargo course` says what holds and what is next, and the browser what was predicted. */
    "course-way": class extends HTMLElement {
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
    },

    /** The reader's predictions beside the figures. */
    "course-numbers": class extends HTMLElement {
      connectedCallback() {
        fillPredictions();
      }
    },
  };

  /** Where a lab stands, in one sentence. */
  function sentence({ verdict, message, holds, of, from_last_time: before, graded_at: at }) {
    if (verdict === "grading") return "Grading your code …";
    if (verdict === "does-not-compile") return `Your code does not compile${message ? `: ${message}` : "."}`;
    if (verdict === "timed-out") return `The tests did not come to an end${message ? `: ${message}` : "."}`;
    if (verdict !== "graded") return message ?? "";
    const since = before && at ? `, as graded on ${dayOf(at)}; nothing has changed since` : "";
    return holds === of ? `All ${of} invariants hold${since}.` : `${holds} of ${of} invariants hold${since}.`;
  }

  /** Sets a live region's text only when it changed: what is set is read out. */
  function say(region, text) {
    if (region && region.textContent !== text) region.textContent = text;
  }

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
  }

  /** Follows `cargo course`: marks change with each grade, and a rebuilt book reloads in place. */
  function follow({ events, state }) {
    const bar = h("div", { className: "hc-live", role: "status" });
    document.documentElement.classList.add("hc-served");
    document.body.append(bar);
    const marks = [...document.querySelectorAll("course-invariants")];
    const ways = [...document.querySelectorAll("course-way")];
    let asked = 0;

    function show({ labs = {}, book, way }) {
      for (const element of ways) element.show({ labs, way });
      for (const mark of marks) if (labs[mark.dataset.lab]) mark.show(labs[mark.dataset.lab]);
      bar.toggleAttribute("data-trouble", book?.ok === false);
      if (book?.ok === false) {
        bar.hidden = false;
        bar.replaceChildren("The book did not build; this is the last good one.", h("pre", {}, book.message ?? ""));
        return;
      }
      const here = new Set(marks.map(({ dataset }) => dataset.lab));
      const lines = Object.entries(labs)
        .filter(([name]) => here.size === 0 || here.has(name))
        .map(([name, lab]) => `${name}: ${sentence({ ...lab, message: "", from_last_time: false })}`);
      say(bar, ways.length ? "" : here.size || lines.length < 3 ? lines.join(" ") : "");
      bar.hidden = bar.textContent === "";
    }

    async function update() {
      const mine = ++asked;
      try {
        const answer = await fetch(state, { cache: "no-store" });
        const body = await answer.json();
        if (mine === asked) show(body); // a later answer may have come first
      } catch { /* the stream's error says it */ }
    }

    const stream = new EventSource(events);
    stream.addEventListener("state", update);
    stream.addEventListener("reload", () => {
      keepPlace();
      location.reload();
    });
    stream.addEventListener("open", update);
    stream.addEventListener("error", () => {
      bar.hidden = false;
      say(bar, "cargo course does not answer: start it again to follow your code.");
    });
    addEventListener("pagehide", () => stream.close());
    update();
  }

  // A reload in place: scroll position, unfolded parts and half-filled forms come back.
  const PLACE = "hybrid-by-design:place";
  const folds = () => [...document.querySelectorAll("main details")];
  const fields = () => [...document.querySelectorAll("main .hc-form :is(input, select)")];
  function keepPlace() {
    try {
      sessionStorage.setItem(PLACE, JSON.stringify({
        path: location.pathname,
        top: scrollY,
        open: folds().map(({ open }) => open),
        fields: fields().map(({ type, checked, value }) => (type === "radio" ? checked : value)),
      }));
    } catch { /* then the reader scrolls */ }
  }
  function takePlace() {
    let place = null;
    try {
      place = JSON.parse(sessionStorage.getItem(PLACE));
      sessionStorage.removeItem(PLACE);
    } catch { /* as above */ }
    if (place?.path !== location.pathname) return;
    if (place.open.length === folds().length) folds().forEach((fold, index) => { fold.open = place.open[index]; });
    if (place.fields.length === fields().length) {
      fields().forEach((field, index) => {
        if (field.type === "radio") field.checked = place.fields[index];
        else if (field.type === "text" && !field.readOnly) field.value = place.fields[index];
      });
    }
    scrollTo({ top: place.top, behavior: "instant" });
  }

  // Arrow keys turn pages in mdBook. Inside a widget, and where something scrolls sideways, they stay with it.
  addEventListener("keydown", (event) => {
    if (/^Arrow(?:Left|Right)$/.test(event.key) && event.target.closest?.(".hc-widget, .hc-figure, pre, .table-wrapper")) {
      event.stopPropagation();
      event.target.closest("course-steps")?.go(event.key === "ArrowLeft" ? -1 : 1);
    }
  }, true);

  /** mdBook's sidebar hangs on a hidden checkbox, which its css asks; the button in theme/index.hbs ticks it. */
  function reachSidebar() {
    const box = document.getElementById("mdbook-sidebar-toggle-anchor");
    document.getElementById("mdbook-sidebar-toggle")?.addEventListener("click", () => box.click());
  }

  /** The search is loaded when it is first asked for: by its button, `s` or `/`, or a link that carries words. */
  function searchOnDemand() {
    const toggle = document.getElementById("mdbook-search-toggle");
    if (!toggle || !window.search_scripts) return;
    let loading = false;
    function load(then) {
      if (loading) return;
      loading = true;
      removeEventListener("keydown", onKey, true);
      toggle.removeEventListener("click", onClick);
      const next = (paths) => {
        if (!paths.length) return then();
        const script = h("script", { src: paths[0], onload: () => next(paths.slice(1)) });
        document.head.append(script);
        return undefined;
      };
      next(window.search_scripts);
    }
    const open = () => load(() => toggle.click());
    function onClick(event) {
      event.stopImmediatePropagation();
      open();
    }
    function onKey(event) {
      if (event.altKey || event.ctrlKey || event.metaKey || !/^[s/]$/.test(event.key)) return;
      if (/^(?:input|select|textarea)$/i.test(event.target.nodeName)) return;
      event.preventDefault();
      open();
    }
    toggle.addEventListener("click", onClick);
    addEventListener("keydown", onKey, true);
    if (/[?&](?:search|highlight)=/.test(location.search)) load(() => {});
  }

  /** What scrolls sideways can be reached by Tab, and says what it is. */
  function reachScrolling() {
    const watch = new ResizeObserver((entries) => {
      for (const { target } of entries) {
        if (target.scrollWidth <= target.clientWidth || target.tabIndex === 0) continue;
        target.tabIndex = 0;
        // A figure has a role of its own, and a caption that names it.
        if (target.hasAttribute("role") || target.matches("figure")) continue;
        target.setAttribute("role", "group");
        target.setAttribute("aria-label", target.matches("code") ? "Code, scrolls sideways" : "Wide content, scrolls sideways");
      }
    });
    for (const element of document.querySelectorAll("pre > code, .table-wrapper, .hc-figure")) watch.observe(element);
  }

  /** A link to something folded unfolds it. */
  function unfoldTarget() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    let fold = target.closest("details");
    if (!fold) return;
    for (; fold; fold = fold.parentElement.closest("details")) fold.open = true;
    target.scrollIntoView();
  }

  // On paper everything is unfolded; the style sheet does it where it can.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = folds().filter(({ open }) => !open);
    for (const fold of folded) fold.open = true;
  });
  addEventListener("afterprint", () => {
    for (const fold of folded) fold.open = false;
  });

  reachSidebar();
  searchOnDemand();
  for (const [name, type] of Object.entries(elements)) customElements.define(name, type);
  reachScrolling();
  unfoldTarget();
  addEventListener("hashchange", unfoldTarget);
  addEventListener("storage", fillPredictions);
  takePlace();
  const live = document.getElementById("course-live");
  if (live) follow(JSON.parse(live.textContent));
})();
