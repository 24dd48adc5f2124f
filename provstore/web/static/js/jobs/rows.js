// Rows of jobs: fetched as they are now, and brought up to date in place, cell by cell, so that nothing jumps.
import { base } from "../server.js";
import { tellTimes } from "../times.js";

const ROWS = "tr[data-job]";

/** Fetch rows of a list: {rows, place}; the place is that of the newest. */
export async function fetchRows(pairs) {
  const answer = await fetch(`${base}/jobs/rows?${new URLSearchParams(pairs)}`, { headers: { Accept: "text/html,application/xhtml+xml" } });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  const read = new DOMParser().parseFromString(await answer.text(), "text/html");
  return { rows: [...read.querySelectorAll(ROWS)], place: read.querySelector("table").dataset.place };
}

/** The rows that stand in the page. */
export function rowsOf(below = document) {
  return [...below.querySelectorAll(ROWS)];
}

export function rowOf(id) {
  return document.querySelector(`${ROWS}[data-job="${CSS.escape(id)}"]`);
}

/** What can be done with the job of a row. */
export function actsOf(row) {
  return (row.dataset.acts ?? "").split(" ").filter(Boolean);
}

/** Bring a row to what another one says; what is selected, focused or open stays so. */
export function renew(row, fresh) {
  Object.assign(row.dataset, fresh.dataset);
  for (const [place, cell] of [...row.cells].entries()) {
    const other = fresh.cells[place];
    if (!other || cell.matches(".pick, .acts, .job")) continue;
    const before = cell.innerText;
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
  if (state) state.textContent = "deleted";
}

/** How long jobs have been running, by the second. */
export function tickRunning() {
  for (const one of document.querySelectorAll("[data-since]")) one.textContent = lasting(new Date() - new Date(one.dataset.since));
}

function lasting(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const rank = units.findIndex(([, worth]) => seconds >= worth);
  if (rank < 0) return "0 s";
  const [[large, worth], next] = [units[rank], units[rank + 1]];
  const rest = next ? Math.floor((seconds % worth) / next[1]) : 0;
  return `${Math.floor(seconds / worth)} ${large}${rest ? ` ${rest} ${next[0]}` : ""}`;
}

function flash(cell) {
  cell.classList.remove("changed");
  requestAnimationFrame(() => cell.classList.add("changed"));
}
