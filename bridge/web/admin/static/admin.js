/* Everything works without this file. It fills in the code that a link brings behind the #, and keeps a part that updates
   itself from being replaced under somebody's hands. */
"use strict";

(() => {
  const field = document.getElementById("code");
  if (field && location.hash.length > 1) {
    field.value = location.hash.slice(1);
    history.replaceState(null, "", location.pathname + location.search); // the code stays in no history
    document.querySelector("#code-form button").focus();
  }

  const opened = (part) => [...part.querySelectorAll("details[open]")].length > 0;
  const chosen = (part) => {
    const selection = getSelection();
    return selection && !selection.isCollapsed && part.contains(selection.anchorNode);
  };

  document.addEventListener("htmx:beforeSwap", (event) => {
    const part = event.detail.target;
    const itself = event.detail.requestConfig && event.detail.requestConfig.elt === part;
    if (!part || part.id !== "live" || !itself) return;
    if (part.contains(document.activeElement) || opened(part) || chosen(part)) event.detail.shouldSwap = false;
  });
})();
