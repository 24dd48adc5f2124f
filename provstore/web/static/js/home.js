// Home follows the jobs: what a section says is exchanged where it stands, but no link moves under a hand or the focus.
import { hear } from "./hearing.js";
import { base } from "./server.js";
import { tellTimes, tickRunning } from "./times.js";

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
    if (fresh && told(fresh) !== told(section)) exchange(section, fresh);
    else waiting.delete(section);
  }
}

const addresses = (section) => [...section.querySelectorAll("a")].map((one) => one.href).join(" ");

/** What a section says, but for times: those go on by themselves. */
function told(section) {
  const copy = section.cloneNode(true);
  for (const one of copy.querySelectorAll("time, [data-since]")) one.remove();
  return copy.textContent + addresses(section);
}

function exchange(section, fresh) {
  if (addresses(fresh) !== addresses(section) && section.matches(":hover, :focus-within")) {
    waiting.set(section, fresh);
    return;
  }
  waiting.delete(section);
  const focused = section.contains(document.activeElement) && document.activeElement.href;
  section.replaceChildren(...fresh.childNodes);
  tellTimes(section);
  if (focused) [...section.querySelectorAll("a")].find((one) => one.href === focused)?.focus();
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
hear(soon, { since: document.getElementById("now").dataset.at });
setInterval(() => document.hidden || tickRunning(), 1000);
