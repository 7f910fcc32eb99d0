/* The page around the widgets: keys, search, what scrolls, what is folded, paper. */
"use strict";

(() => {
  const { h, folds } = window.course;

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
        if (!paths.length) {
          rankSearch();
          return then();
        }
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

  /**
   * A chapter teaches what the glossary defines and the mistakes get wrong, and mentions it among much else. By
   * mdBook's score it comes last; here it comes first, and leaves room for the others among those shown.
   */
  function rankSearch() {
    const SHOWN = 30; // as in mdBook's configuration
    const kinds = [/-mistakes\.html/, /^(?:glossary|bibliography|numbers)\.html/, /^/];
    const { load } = window.elasticlunr.Index;
    window.elasticlunr.Index.load = (dump) => {
      const index = load.call(window.elasticlunr.Index, dump);
      const search = index.search.bind(index);
      index.search = (words, options) => {
        const ranked = [[], [], []];
        for (const result of search(words, options)) {
          const url = window.search.doc_urls[result.ref];
          ranked[kinds.findIndex((kind) => kind.test(url))].push(result);
        }
        const [mistakes, reference] = ranked.map((results) => results.slice(0, SHOWN / 3));
        return [...ranked[2].slice(0, SHOWN - reference.length - mistakes.length), ...reference, ...mistakes];
      };
      return index;
    };
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

  /** On paper the answers stand after all the questions, as in any exercise book. */
  let key = null;
  function gatherAnswers() {
    const answers = [...document.querySelectorAll(".hc-question, course-predict")].map((question) => {
      const prompt = question.querySelector(".hc-prompt")?.textContent.trim() ?? "";
      const copy = question.querySelector(".hc-answers, .hc-after")?.cloneNode(true);
      if (!copy) return null;
      copy.open = true;
      for (const named of copy.querySelectorAll("[id]")) named.removeAttribute("id");
      return h("li", {}, h("p", { className: "hc-prompt" }, prompt), copy);
    }).filter(Boolean);
    if (!answers.length) return;
    key = h("section", { className: "hc-key-answers" }, h("h2", {}, "Answers"), h("ol", {}, ...answers));
    document.querySelector("main").append(key);
  }

  // On paper everything is unfolded; the style sheet does it where it can.
  let folded = [];
  addEventListener("beforeprint", () => {
    gatherAnswers();
    folded = folds().filter(({ open }) => !open);
    for (const fold of folded) fold.open = true;
  });
  addEventListener("afterprint", () => {
    key?.remove();
    key = null;
    for (const fold of folded) fold.open = false;
  });

  reachSidebar();
  searchOnDemand();
  reachScrolling();
  unfoldTarget();
  addEventListener("hashchange", unfoldTarget);
})();
