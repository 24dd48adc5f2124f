// A replay that runs is followed: its part of the page is fetched anew until it is over.
import { offerCopying, say } from "./copy.js";
import { tellTimes } from "./times.js";

const EVERY = 2000;
const place = () => document.getElementById("live");

async function look() {
  if (document.hidden || document.querySelector("dialog[open]") || place().querySelector("details[open]")) return again();
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.status === 401 || answer.status === 404) return say("This page is no longer kept up to date: sign in again, or reload it");
    if (answer.ok) show(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // the server is away: it is asked again
  }
  again();
}

function show(page) {
  const fresh = page.getElementById("live");
  const old = place();
  if (!fresh || fresh.textContent === old.dataset.text) return;
  const focused = [...old.querySelectorAll("a, button, summary")].indexOf(document.activeElement);
  const scrolled = old.querySelector(".wide")?.scrollLeft ?? 0;
  const text = fresh.textContent;
  if (fresh.dataset.told !== old.dataset.told) say(fresh.dataset.told);
  old.replaceWith(fresh);
  fresh.dataset.text = text;
  tellTimes(fresh);
  offerCopying(fresh);
  if (focused >= 0) fresh.querySelectorAll("a, button, summary")[focused]?.focus();
  fresh.querySelector(".wide")?.scrollTo(scrolled, 0);
  document.title = page.title;
}

function again() {
  if (place().dataset.running) setTimeout(look, EVERY);
}

/** Of a plan, jobs are chosen one by one, or all at once. */
function offerChoosing() {
  const button = document.querySelector("#chosen button");
  const boxes = [...document.querySelectorAll('input[form="chosen"]')];
  if (!button) return;
  const all = Object.assign(document.createElement("input"), { type: "checkbox", ariaLabel: "Choose all" });
  const told = () => {
    const many = boxes.filter((one) => one.checked).length;
    button.disabled = !many;
    button.textContent = many ? `Run only the chosen ${many}` : "Run only the chosen";
    all.checked = many === boxes.length;
    all.indeterminate = many > 0 && !all.checked;
  };
  all.addEventListener("change", () => {
    for (const one of boxes) one.checked = all.checked;
    told();
  });
  for (const one of boxes) one.addEventListener("change", told);
  document.querySelector(".plan thead th").replaceChildren(all);
  told();
}

offerChoosing();
again();
