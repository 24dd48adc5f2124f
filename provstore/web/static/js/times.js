// <time datetime="…Z">: ages go on, instants are told in the reader's zone; the UTC value stays on hover.
const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
const instant = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** Say how long ago an instant was, as the server does. */
export function ago(date, now = new Date()) {
  const seconds = (now - date) / 1000;
  if (Math.abs(seconds) < 1) return "now";
  const [unit, worth] = UNITS.find(([, one]) => Math.abs(seconds) >= one);
  const words = `${Math.floor(Math.abs(seconds) / worth)} ${unit}`;
  return seconds > 0 ? `${words} ago` : `in ${words}`;
}

/** Write the times below an element anew: class "instant" as date and time, all others as their age. */
export function tellTimes(below = document) {
  for (const element of below.querySelectorAll("time[datetime]")) {
    const date = new Date(element.dateTime);
    if (Number.isNaN(date.getTime())) continue;
    element.title ||= element.dateTime;
    const words = element.classList.contains("instant") ? instant.format(date) : ago(date);
    if (element.textContent !== words) element.textContent = words;
  }
}

/** Do so now and every ten seconds. */
export function watchTimes() {
  tellTimes();
  setInterval(() => document.hidden || tellTimes(), 10_000);
}

/** How long jobs have been running, by the second. */
export function tickRunning() {
  for (const one of document.querySelectorAll("[data-since]")) one.textContent = lasting(new Date() - new Date(one.dataset.since));
}

function lasting(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const rank = UNITS.findIndex(([, worth]) => seconds >= worth);
  if (rank < 0) return "0 s";
  const [[large, worth], next] = [UNITS[rank], UNITS[rank + 1]];
  const rest = next ? Math.floor((seconds % worth) / next[1]) : 0;
  return `${Math.floor(seconds / worth)} ${large}${rest ? ` ${rest} ${next[0]}` : ""}`;
}
