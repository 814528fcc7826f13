"use strict";(() => {
  const SECONDS = 10;
  let sent = -Infinity;
  addEventListener("submit", (event) => {
    if (performance.now() - sent < SECONDS * 1000) event.preventDefault();
    else if (!event.defaultPrevented) sent = performance.now();
  });
  addEventListener("pageshow", () => { sent = -Infinity; });
})();
