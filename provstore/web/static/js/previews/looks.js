// Previews of results below their rows: the first ones at once, others when they are asked for.
import { fetchPreview } from "./preview.js";

/** Let "Preview" links show what they lead to in place. */
export function offerLooks(below = document) {
  for (const link of below.querySelectorAll("a[data-look]")) {
    link.setAttribute("role", "button");
    link.setAttribute("aria-expanded", "false");
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      toggle(link);
    });
    if (link.dataset.look === "open") show(link);
  }
}

function toggle(link) {
  const row = link.closest(".result");
  const there = row.querySelector(":scope > .preview");
  if (!there) return show(link);
  there.remove();
  row.classList.remove("looking");
  link.setAttribute("aria-expanded", "false");
}

async function show(link) {
  link.setAttribute("aria-expanded", "true");
  const row = link.closest(".result");
  row.setAttribute("aria-busy", "true");
  try {
    const made = await fetchPreview(link.href);
    if (!made || row.querySelector(":scope > .preview")) return;
    row.append(made);
    row.classList.add("looking");
  } catch {
    if (row.querySelector(":scope > .preview")) return;
    const words = document.createElement("p");
    words.className = "preview none";
    words.textContent = "No preview now: the server did not give one. Close it, and look again.";
    row.append(words);
  } finally {
    row.removeAttribute("aria-busy");
  }
}
