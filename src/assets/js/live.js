/* What `cargo course` tells a page that it serves, and a reload that keeps the reader's place. */
"use strict";

(() => {
  const { h, listen, say, folds, sentence, markContents, whereItStands } = window.course;

  // A reload in place: scroll position, unfolded parts and half-filled forms come back.
  const PLACE = "hybrid-by-design:place";
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

  /** Follows `cargo course`: marks change with each grade, and a rebuilt book reloads in place. */
  function follow({ events, state }) {
    const bar = h("div", { className: "hc-live", role: "status" });
    document.documentElement.classList.add("hc-served");
    document.body.append(bar);
    const marks = [...document.querySelectorAll("course-invariants, course-stages")];
    const ways = [...document.querySelectorAll("course-way")];
    let asked = 0;

    function show({ labs = {}, book, way }) {
      for (const element of ways) element.show({ labs, way });
      for (const mark of marks) if (labs[mark.dataset.lab]) mark.show(labs[mark.dataset.lab]);
      markContents(way);
      bar.toggleAttribute("data-trouble", book?.ok === false);
      if (book?.ok === false) {
        bar.hidden = false;
        bar.told = null;
        bar.replaceChildren("The book did not build; this is the last good one.", h("pre", {}, book.message ?? ""));
        return;
      }
      pill(labs, way);
    }

    /** The lab of this page, or else the one that is in trouble or was graded last: one line, which leads to it. */
    function pill(labs, way) {
      const here = marks.find(({ dataset }) => labs[dataset.lab])?.dataset.lab;
      const trouble = ({ verdict }) => verdict === "does-not-compile" || verdict === "timed-out";
      const newest = Object.keys(labs).sort((a, b) => trouble(labs[b]) - trouble(labs[a]) || (labs[b].graded_at ?? 0) - (labs[a].graded_at ?? 0))[0];
      const name = here ?? newest;
      const lab = labs[name];
      bar.toggleAttribute("data-trouble", Boolean(lab && trouble(lab)));
      const text = lab ? `${name}: ${sentence({ ...lab, message: (lab.message ?? "").split("\n")[0], stale: false, from_last_time: false })}` : "";
      const target = lab && whereItStands(name, lab, way, typeof path_to_root === "string" ? path_to_root : "");
      bar.hidden = text === "";
      if (bar.told === `${text} ${target}`) return;
      bar.told = `${text} ${target}`;
      bar.replaceChildren(target ? h("a", { href: target }, text) : text);
    }

    async function update() {
      const mine = ++asked;
      try {
        const answer = await fetch(state, { cache: "no-store" });
        const body = await answer.json();
        if (mine === asked) show(body); // a later answer may have come first
      } catch { /* the stream's error says it */ }
    }

    listen(events, (what) => {
      if (what === "reload") {
        keepPlace();
        location.reload();
      } else if (what === "error") {
        bar.hidden = false;
        bar.told = null;
        say(bar, "cargo course does not answer: start it again to follow your code.");
      } else {
        update();
      }
    });
    update();
  }

  takePlace();
  const live = document.getElementById("course-live");
  if (live) follow(JSON.parse(live.textContent));
})();
