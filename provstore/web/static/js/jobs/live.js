// A list that follows its jobs: rows change where they are; new jobs wait until they are asked for.
import { say } from "../copy.js";
import { hear } from "../hearing.js";
import { tellTimes, tickRunning } from "../times.js";
import { bury, fetchRows, renew, rowOf } from "./rows.js";

const PAUSE = 1000;
const MOST = 100;

/** Give a function that is called at most once a pause, however often it is asked for. */
function seldom(act) {
  let waits = false;
  return () => {
    if (waits) return;
    waits = true;
    setTimeout(async () => {
      waits = false;
      await act().catch(() => {}); // the next event brings the next try
    }, PAUSE / 4);
  };
}

/** Fetch the rows of jobs anew. */
export async function refresh(ids, query = "") {
  if (!ids.length) return;
  for (let start = 0; start < ids.length; start += MOST) {
    const asked = ids.slice(start, start + MOST).map((id) => ["job", id]);
    const { rows } = await fetchRows([...new URLSearchParams(query), ...asked]);
    for (const fresh of rows) {
      const row = rowOf(fresh.dataset.job);
      if (row) renew(row, fresh);
    }
  }
  document.dispatchEvent(new CustomEvent("rows"));
}

/** Follow the jobs of a list; `list` says in its data which. */
export function follow(list) {
  const { query, service, at } = list.dataset;
  const changed = new Set();
  const renewSoon = seldom(async () => {
    const ids = [...changed];
    changed.clear();
    await refresh(ids, query).catch(() => ids.forEach((id) => changed.add(id))); // till the next event, or the next line
  });
  const lookSoon = list.dataset.place ? seldom(() => look(list)) : () => {};
  hear(
    (happening, facts) => {
      const row = rowOf(facts.jobId);
      if (row && happening === "deleted") {
        bury(row);
        document.dispatchEvent(new CustomEvent("rows"));
      } else if (row) {
        changed.add(facts.jobId);
        renewSoon();
      } else if (happening !== "deleted" && facts.creationTime >= (list.dataset.place ?? "").slice(0, 19)) lookSoon();
    },
    { service, since: at, opened: renewSoon },
  );
  setInterval(() => document.hidden || tickRunning(), 1000);
}

/** Look for jobs that are newer than the first of the list, and offer them. */
async function look(list) {
  const { rows, place } = await fetchRows([...new URLSearchParams(list.dataset.query), ["newer", list.dataset.place]]);
  const news = document.getElementById("news");
  news.hidden = !rows.length;
  if (!rows.length) return;
  const words = `${rows.length < MOST ? rows.length : `${MOST} or more`} new ${rows.length === 1 ? "job" : "jobs"}`;
  const button = news.querySelector("button");
  if (button.textContent !== `${words}: show`) say(words);
  button.textContent = `${words}: show`;
  button.onclick = () => show(list, rows, place);
}

function show(list, rows, place) {
  const body = document.querySelector("table.jobs tbody");
  if (!body || rows.length >= MOST) {
    location.assign(`${location.pathname}?${list.dataset.query}`);
    return;
  }
  body.prepend(...rows);
  tellTimes(body);
  list.dataset.place = place;
  document.getElementById("news").hidden = true;
  document.dispatchEvent(new CustomEvent("rows"));
  rows[0].querySelector("a").focus();
}
