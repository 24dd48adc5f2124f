// What every page does: times in the reader's zone, copying, asking before what can't be undone, finding by a file.
import { watchTimes } from "./times.js";
import { offerCopying } from "./copy.js";
import { askFirst } from "./confirm.js";
import { findByFile } from "./find.js";

watchTimes();
offerCopying();
askFirst();
findByFile();

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
