/* One stream of events for all of a browser's tabs. */
"use strict";

(() => {
  /**
   * Hears what `cargo course` has to say at `url`: calls `heard` with "open", "state", "reload" or "error".
   *
   * A browser opens six connections to a host and no more, and a stream keeps one. So of all tabs one
   * holds the stream and passes on what it hears; when it is closed the next one takes over. Where a
   * browser has no locks (a page asked by another machine's address has none), each tab that is looked at
   * has a stream of its own.
   */
  function listen(url, heard) {
    if (navigator.locks && window.BroadcastChannel) {
      const others = new BroadcastChannel(`hybrid-by-design:${location.host}`);
      others.onmessage = ({ data }) => heard(data);
      const hear = (what) => {
        others.postMessage(what);
        heard(what);
      };
      // The lock is held for as long as the page is there.
      navigator.locks.request("hybrid-by-design:events", () => new Promise(() => { follow(url, hear); }));
      return;
    }
    let stream = null;
    const look = () => {
      if (document.visibilityState === "hidden") {
        stream?.close();
        stream = null;
      } else {
        stream ??= follow(url, heard);
      }
    };
    document.addEventListener("visibilitychange", look);
    look();
  }

  function follow(url, hear) {
    const stream = new EventSource(url);
    for (const what of ["open", "state", "reload", "error"]) stream.addEventListener(what, () => hear(what));
    addEventListener("pagehide", () => stream.close());
    return stream;
  }

  Object.assign(window.course, { listen });
})();
