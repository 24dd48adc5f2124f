// What every page does: times in the reader's zone, copying, asking before what can't be undone, finding by a file.
import { watchTimes } from "./times.js";
import { offerCopying } from "./copy.js";
import { askFirst } from "./confirm.js";
import { findByFile } from "./find.js";

const SENDING = 3000; // milliseconds

watchTimes();
offerCopying();
askFirst();
findByFile();
sendOnce();

/** A form that is sent twice in a moment, as by a double click, would make two jobs. */
function sendOnce() {
  addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return; // its script sends it, or it only looks
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
    setTimeout(() => delete form.dataset.sent, SENDING);
  });
}

// an open menu closes by Escape, and by a click elsewhere
addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
