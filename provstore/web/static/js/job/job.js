// The page of one job follows it: parts of the page are taken anew when its phase changes, and nothing is loaded again.
import { base } from "../server.js";
import { hear } from "../hearing.js";
import { tellTimes, tickRunning } from "../times.js";
import { offerCopying, say } from "../copy.js";
import { followLogs } from "./log.js";
import { setInPlace } from "./set-in-place.js";
import { offerLooks } from "../previews/looks.js";
import { offerSending } from "../previews/send.js";
import "../previews/preview.js";

const job = document.querySelector("article.job");
const { job: id, service } = job.dataset;
const served = new Map([...document.querySelectorAll("[data-live]")].map((part) => [part.id, told(part)]));

enhance(document);
setInPlace(renew);
followLogs();
if ("underWay" in job.dataset) watch();

function enhance(below) {
  offerCopying(below);
  tellTimes(below);
  offerLooks(below);
  offerSending(below);
}

/** Follow the job while the page is looked at; whenever the line is there anew, it may have moved on meanwhile. */
function watch() {
  hear(
    (happening, facts) => {
      if (facts.jobId !== id) return;
      if (happening === "deleted") gone();
      else if (facts.phase !== job.dataset.phase) renew();
    },
    { service, opened: renew },
  );
  setInterval(() => document.hidden || tickRunning(), 1000);
}

/** Take the parts of the page that differ from the server's; what somebody is writing in stays. */
async function renew() {
  const answer = await fetch(`${base}/jobs/${id}`, { headers: { Accept: "text/html,application/xhtml+xml" } }).catch(() => null);
  if (!answer?.ok) return answer?.status === 404 && gone();
  const text = await answer.text().catch(() => ""); // broken off: it is taken anew with the line
  const fresh = new DOMParser().parseFromString(text, "text/html");
  const now = fresh.querySelector("article.job");
  if (!now) return;
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(part.id);
    if (next) replace(part, next);
  }
  for (const next of fresh.querySelectorAll("section[data-live]")) if (!document.getElementById(next.id)) insert(next);
  document.title = fresh.title;
  if (now.dataset.phase === job.dataset.phase) return;
  job.dataset.phase = now.dataset.phase;
  say(`The job is ${now.dataset.phase}`);
  if (!("underWay" in now.dataset)) document.dispatchEvent(new CustomEvent("over"));
}

/** What a part says, but for times that go on, and what scripts have put there. */
function told(part) {
  const copy = part.cloneNode(true);
  for (const one of copy.querySelectorAll("time, [data-since], .preview, .sent")) one.remove();
  const where = [...copy.querySelectorAll("[href], [src], [value]:not([name=csrf_token])")];
  return copy.textContent + where.map((one) => one.getAttribute("href") ?? one.getAttribute("src") ?? one.getAttribute("value"));
}

function replace(part, next) {
  const writing = part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select");
  const text = told(next);
  if (writing || served.get(part.id) === text) return;
  const focused = part.contains(document.activeElement) ? document.activeElement.textContent : "";
  part.replaceChildren(...document.adoptNode(next).childNodes);
  served.set(part.id, text);
  enhance(part);
  if (focused) [...part.querySelectorAll("a, button, summary")].find((one) => one.textContent === focused)?.focus();
}

/** A part that was not there before comes before the part that follows it. */
function insert(next) {
  const follower = [...document.querySelectorAll("section[data-live]")].find((one) => one.id === "times-part");
  follower?.before(document.adoptNode(next));
  enhance(next);
}

function gone() {
  if (job.querySelector(".gone")) return;
  const words = document.createElement("p");
  words.className = "note gone";
  words.append("This job was deleted; its provenance stays. ");
  const link = Object.assign(document.createElement("a"), { href: `${base}/jobs?service=${service}`, textContent: "Other jobs" });
  words.append(link);
  job.querySelector(".halves").before(words);
  job.querySelector("#head .actions").remove();
  say("This job was deleted");
}
