// Where very much came of something, its rows are shown at once, and all of it is counted meanwhile.
import { say } from "./copy.js";

const counts = document.getElementById("counts");
const counting = document.getElementById("counting");

async function count() {
  const link = counting.firstChild;
  counting.replaceChildren("Counting all of it…");
  try {
    const answer = await fetch(counts.dataset.rest, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const all = answer.ok && page.getElementById("counts");
    if (!all) throw new Error(answer.statusText);
    counts.replaceChildren(...all.childNodes);
    say(counts.querySelector(".sum").textContent);
  } catch {
    counting.replaceChildren(link); // the server is away: it may be asked for later
  }
}

count();
