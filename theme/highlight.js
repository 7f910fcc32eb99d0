/* Colours for code blocks, instead of mdBook's 135 KB highlight.js: the book shows a handful of languages,
   and a page with all its assets must stay below 350 KB. book.js asks for `hljs.configure` and
   `hljs.highlightBlock`; the class names are highlight.js's own, so mdBook's themes keep working.
   One regular expression per language: a named group is the class of what it matched, `word` stays plain. */
"use strict";

window.hljs = (() => {
  const any = (...parts) => new RegExp(parts.map((part) => part.source).join("|"), "gmu");

  const rust = any(
    /(?<comment>\/\/[^\n]*|\/\*[^]*?\*\/)/u,
    /(?<string>[bc]?r(?<hashes>#*)"[^]*?"\k<hashes>|[bc]?"(?:\\[^]|[^"\\])*"|b?'(?:\\(?:u\{[^}]*\}|x..|.)|[^\\'\n])')/u,
    /(?<symbol>'[a-z_]\w*)/u,
    /(?<meta>#!?\[(?:[^[\]"]|"(?:\\.|[^"\\])*"|\[[^\]]*\])*\])/u,
    /(?<number>\b(?:0[xob][\da-fA-F_]+|\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+\-]?\d+)?)(?:_?(?:[iu](?:8|16|32|64|128|size)|f32|f64))?\b)/u,
    /(?<keyword>\b(?:as|async|await|break|const|continue|crate|dyn|else|enum|extern|fn|for|if|impl|in|let|loop|match|mod|move|mut|pub|ref|return|self|Self|static|struct|super|trait|type|union|unsafe|use|where|while|yield)\b)/u,
    /(?<literal>\b(?:true|false)\b)/u,
    /(?<type>\b(?:[A-Z]\w*|[iu](?:8|16|32|64|128|size)|f32|f64|bool|char|str)\b)/u,
    /(?<built_in>\b[a-z_]\w*!(?=[\s([{]))/u,
    /(?<word>\b[a-z_]\w*)/u,
  );
  const toml = any(
    /(?<comment>#[^\n]*)/u,
    /(?<section>^[ \t]*\[{1,2}[^\]\n]*\]{1,2})/u,
    /(?<attr>^[ \t]*[\w."\-]+(?=[ \t]*=))/u,
    /(?<string>"""[^]*?"""|"(?:\\.|[^"\\\n])*"|'[^'\n]*')/u,
    /(?<literal>\b(?:true|false)\b)/u,
    /(?<number>\b\d[\d_.:TZ+\-]*)/u,
  );
  const json = any(
    /(?<attr>"(?:\\.|[^"\\])*"(?=\s*:))/u,
    /(?<string>"(?:\\.|[^"\\])*")/u,
    /(?<literal>\b(?:true|false|null)\b)/u,
    /(?<number>-?\b\d+(?:\.\d+)?(?:[eE][+\-]?\d+)?)/u,
  );
  const diff = any(
    /(?<comment>^(?:diff |index |--- |\+\+\+ |Wrong: |Tempts: |Caught by: )[^\n]*)/u,
    /(?<section>^@@[^\n]*)/u,
    /(?<addition>^\+[^\n]*)/u,
    /(?<deletion>^-[^\n]*)/u,
  );
  // What the reader types, as opposed to what the machine answers.
  const console_ = any(/(?<meta>^\$ )(?<title>[^\n]*)/u);
  const shell = any(/(?<comment>(?:^|[ \t])#[^\n]*)/u, /(?<string>"(?:\\.|[^"\\])*"|'[^']*')/u);

  const languages = {
    rust, rs: rust, toml, json, diff, patch: diff,
    console: console_, bash: shell, sh: shell, shell,
  };

  /** Every coloured stretch of `text` as `[from, to, class]`, in order. */
  function stretches(text, grammar) {
    const found = [];
    let previous = "";
    for (const match of text.matchAll(grammar)) {
      let at = match.index;
      for (const [name, part] of Object.entries(match.groups)) {
        if (part === undefined || name === "hashes") continue;
        const named = name === "word" && previous === "fn" ? "title" : name;
        if (named !== "word") found.push([at, at + part.length, `hljs-${named}`]);
        at += part.length;
        previous = part;
      }
    }
    return found;
  }

  /** Wraps the stretches in spans, and leaves what mdBook put into the block (hidden lines) unchanged. */
  function highlightBlock(block) {
    const language = /\blanguage-(\w+)/.exec(block.className)?.[1];
    const grammar = languages[language];
    if (!grammar) return;
    const found = stretches(block.textContent, grammar);
    const nodes = [];
    const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) nodes.push(walker.currentNode);
    let start = 0;
    let next = 0;
    for (const node of nodes) {
      const text = node.data;
      const end = start + text.length;
      const pieces = document.createDocumentFragment();
      let done = start;
      while (next < found.length && found[next][0] < end) {
        const [from, to, name] = found[next];
        const left = Math.max(from, start);
        const right = Math.min(to, end);
        pieces.append(text.slice(done - start, left - start));
        const span = document.createElement("span");
        span.className = name;
        span.textContent = text.slice(left - start, right - start);
        pieces.append(span);
        done = right;
        if (to > end) break; // continues in the next text node
        next += 1;
      }
      if (done > start) {
        pieces.append(text.slice(done - start));
        node.replaceWith(pieces);
      }
      start = end;
    }
  }

  return { configure() {}, highlightBlock };
})();
