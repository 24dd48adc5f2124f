// Home follows the jobs: what a section says is exchanged where it stands, but never under a hand or the focus.
import { base, server } from "./server.js";
import { tellTimes } from "./times.js";

const PAUSE = 1500;
const waiting = new Map();
let due = false;

async function look() {
  due = false;
  const answer = await fetch(`${base}/`, { headers: { Accept: "text/html,application/xhtml+xml" } });
  if (!answer.ok) return;
  const read = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const section of document.querySelectorAll("[data-live]")) {
    const fresh = read.getElementById(section.id);
    if (fresh && fresh.textContent !== section.dataset.said) exchange(section, fresh);
  }
}

function exchange(section, fresh) {
  if (section.matches(":hover, :focus-within")) {
    waiting.set(section, fresh);
    return;
  }
  waiting.delete(section);
  section.dataset.said = fresh.textContent;
  section.replaceChildren(...fresh.childNodes);
  tellTimes(section);
}

function soon() {
  if (due) return;
  due = true;
  setTimeout(() => look().catch(() => {}), PAUSE);
}

for (const section of document.querySelectorAll("[data-live]")) {
  for (const kind of ["pointerleave", "focusout"]) {
    section.addEventListener(kind, () => setTimeout(() => waiting.has(section) && exchange(section, waiting.get(section))));
  }
}
server.events(soon, { since: document.getElementById("now").dataset.at });
