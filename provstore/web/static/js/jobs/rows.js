// Rows of jobs: fetched as they are now, and brought up to date in place, cell by cell, so that nothing jumps.
import { base } from "../server.js";
import { tellTimes } from "../times.js";

const ROWS = "tr[data-job]";

/** Fetch rows of a list: {rows, place}; the place is that of the newest. How many jobs there are now is told in passing. */
export async function fetchRows(pairs) {
  const answer = await fetch(`${base}/jobs/rows?${new URLSearchParams(pairs)}`, { headers: { Accept: "text/html,application/xhtml+xml" } });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  const read = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const one of read.querySelectorAll("[data-count]")) {
    const place = document.querySelector(`[data-count="${one.dataset.count}"]`);
    if (place && place.textContent !== one.textContent) place.textContent = one.textContent;
  }
  return { rows: [...read.querySelectorAll(ROWS)], place: read.querySelector("table").dataset.place };
}

/** The rows that stand in the page. */
export function rowsOf(below = document) {
  return [...below.querySelectorAll(ROWS)];
}

export function rowOf(id) {
  return document.querySelector(`${ROWS}[data-job="${CSS.escape(id)}"]`);
}

/** What can be done with the job of a row; the usual is said by its table. */
export function actsOf(row) {
  return (row.dataset.acts ?? row.closest("table").dataset.acts).split(" ").filter(Boolean);
}

/** The service of a row's job: where all are of one, the list says it. */
export function serviceOf(row) {
  return row.querySelector(".service")?.textContent ?? document.getElementById("list").dataset.service;
}

/** Bring a row to what another one says; what is selected, focused or open stays so. */
export function renew(row, fresh) {
  row.dataset.acts = actsOf(fresh).join(" ");
  for (const [place, cell] of [...row.cells].entries()) {
    const other = fresh.cells[place];
    if (!other || cell.matches(".pick, .acts, th")) continue;
    const before = cell.innerText;
    cell.className = other.className;
    if (cell.innerHTML !== other.innerHTML) cell.innerHTML = other.innerHTML;
    tellTimes(cell);
    if (cell.matches(".state") && before !== cell.innerText) flash(cell);
  }
}

/** Show that the job of a row is no more. */
export function bury(row) {
  row.classList.add("gone");
  row.dataset.acts = "";
  const [pick, state] = [row.querySelector(".pick input"), row.querySelector(".state")];
  if (pick) Object.assign(pick, { checked: false, disabled: true });
  if (state) Object.assign(state, { textContent: "deleted", className: "state" });
}

function flash(cell) {
  cell.classList.remove("changed");
  requestAnimationFrame(() => cell.classList.add("changed"));
}
