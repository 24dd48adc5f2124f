// What can be done with jobs from their rows: with one by its menu, with many by selection.
import { base, server } from "../server.js";
import { confirmed } from "../confirm.js";
import { offerCopying, say } from "../copy.js";
import { actsOf, bury, rowOf, serviceOf } from "./rows.js";
import { refresh } from "./live.js";

const AT_ONCE = 4;

const ACTS = {
  start: { word: "Run", done: "started", act: (service, id) => server.start(service, id) },
  abort: { word: "Abort", done: "aborted", asks: (what) => `Abort ${what}? What is made so far is kept.`, act: (service, id) => server.abort(service, id) },
  again: {
    word: "Run again",
    done: "run again",
    asks: (what) => `Run ${what} again, with the same parameters and inputs?`,
    act: (service, id) => server.rerun(service, id),
  },
  delete: {
    word: "Delete",
    done: "deleted",
    asks: (what) => `Delete ${what}? Files are removed for good; the provenance stays.`,
    act: (service, id) => server.delete(service, id),
  },
};

export const wordOf = (act) => ACTS[act].word;

const nameOf = (row) => `job ${row.querySelector("th").textContent}`;

/** Do something with jobs, after asking; tell what was done and what was not. */
export async function doWith(rows, act, query = "") {
  const { word, done, asks, act: send } = ACTS[act];
  const fit = rows.filter((row) => actsOf(row).includes(act));
  const what = fit.length === 1 ? nameOf(fit[0]) : `${fit.length} jobs`;
  if (!fit.length || (asks && !(await confirmed(asks(what), word)))) return;
  const failures = [];
  const left = [...fit];
  const work = async () => {
    for (let row; (row = left.shift()); ) await one(row, act, send, failures);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  report(fit.length - failures.length, done, failures, rows.length - fit.length);
  if (act !== "delete") await refresh(fit.map((row) => row.dataset.job), query).catch(() => {});
  document.dispatchEvent(new CustomEvent("rows"));
}

async function one(row, act, send, failures) {
  const { job } = row.dataset;
  row.setAttribute("aria-busy", "true");
  try {
    await send(serviceOf(row), job);
    if (act === "delete") bury(rowOf(job) ?? row);
  } catch (error) {
    failures.push(`${nameOf(row)}: ${error.message}`);
  } finally {
    row.removeAttribute("aria-busy");
  }
}

function report(count, done, failures, skipped) {
  const words = [count && `${count} ${count === 1 ? "job" : "jobs"} ${done}`, failures.length && `${failures.length} failed`, skipped && `${skipped} left as they are`];
  const told = words.filter(Boolean).join(", ");
  say(told);
  const place = document.getElementById("told");
  place.hidden = !failures.length && !skipped;
  if (place.hidden) return;
  place.className = failures.length ? "failure" : "note";
  const message = document.createElement("div");
  const list = document.createElement("ul");
  list.append(...failures.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  message.append(Object.assign(document.createElement("p"), { textContent: `${told}.` }), ...(failures.length ? [list] : []));
  const close = button("Close", "link");
  close.addEventListener("click", () => (place.hidden = true));
  place.replaceChildren(message, close);
}

/** Give a row its box, and its buttons: the likeliest act, and a menu with all. */
export function dress(row) {
  const [pick, cell] = [row.querySelector(".pick"), row.querySelector(".acts")];
  const [name, acts] = [nameOf(row), actsOf(row)];
  if (!pick.firstChild) {
    pick.append(Object.assign(document.createElement("input"), { type: "checkbox", ariaLabel: `Select ${name}` }));
    row.querySelector("th a").title = row.dataset.job;
  }
  if (cell.dataset.for === acts.join(" ") || cell.querySelector(".row-menu")) return;
  const focused = cell.contains(document.activeElement);
  cell.dataset.for = acts.join(" ");
  const quick = acts.find((act) => act !== "delete");
  const more = button("⋯", "small plain more", { ariaLabel: `More for ${name}`, ariaHasPopup: "true", ariaExpanded: "false" });
  cell.replaceChildren(...(quick ? [button(wordOf(quick), "small plain quick", { ariaLabel: `${wordOf(quick)} ${name}` })] : []), more);
  if (quick) cell.firstChild.dataset.act = quick;
  if (row.classList.contains("gone")) cell.replaceChildren();
  else if (focused) more.focus();
}

/** Open the menu of a row, or close it. */
export function toggleMenu(more) {
  const [cell, row] = [more.parentElement, more.closest("tr")];
  const open = cell.querySelector(".row-menu");
  closeMenus();
  if (open) return;
  const [service, job] = [serviceOf(row), row.dataset.job];
  const menu = Object.assign(document.createElement("ul"), { className: "row-menu" });
  const acts = actsOf(row);
  const doing = (act) => entry(button(ACTS[act].word, act === "delete" ? "risky" : ""), { act });
  menu.append(
    ...acts.filter((act) => act !== "delete").map(doing),
    ...(acts.includes("again") ? [link("Change and run again", `/jobs/new?${new URLSearchParams({ service, from: job })}`)] : []),
    link("Show in the graph", `/graph?${new URLSearchParams({ id: job })}`),
    entry(button("Copy id", ""), { copy: job }),
    ...acts.filter((act) => act === "delete").map(doing),
  );
  cell.append(menu);
  offerCopying(menu);
  more.ariaExpanded = "true";
  menu.querySelector("a, button").focus();
}

/** Close what is open; give whether anything was. */
export function closeMenus({ back = false } = {}) {
  const menu = document.querySelector(".row-menu");
  const more = menu?.parentElement.querySelector(".more");
  if (more) more.ariaExpanded = "false";
  menu?.remove();
  if (back) more?.focus();
  return Boolean(menu);
}

function button(words, kind, more = {}) {
  return Object.assign(document.createElement("button"), { type: "button", textContent: words, className: kind, ...more });
}

function entry(made, data) {
  Object.assign(made.dataset, data);
  const item = document.createElement("li");
  item.append(made);
  return item;
}

function link(words, path) {
  return entry(Object.assign(document.createElement("a"), { textContent: words, href: base + path }), {});
}
