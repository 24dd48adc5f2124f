// The graph page: its state is its address, its nodes come from the server, picture and table show the same.
import { keep, ofDocument, ofNodes, read } from "./address.js";
import { base, server } from "../server.js";
import { say } from "../copy.js";
import { watchControls } from "./controls.js";
import { showDetails } from "./details.js";
import { matching, offerWords, passing, watchFilters } from "./filters.js";
import { GraphTable } from "./table.js";
import { wayBetween } from "./ways.js";

const byId = (id) => document.getElementById(id);
const state = read();
const nodes = fetch(byId("graph-data").href).then((answer) => (answer.ok ? answer.json() : null)).catch(() => null); // the page has asked for them already
const { GraphView } = await import("./view.js");
if (document.readyState === "loading") await new Promise((done) => document.addEventListener("readystatechange", done, { once: true }));

const MOST_AT_ONCE = 100; // larger groups are listed first

let data;
let from = "";
let asked = 0;
const past = [];
const canvas = byId("canvas");
const details = byId("graph-details");
const node = (id) => data.nodes.find((one) => one.id === id);

const act = {
  chosen(id, { from: place = "", still = false } = {}) {
    state.select = id;
    keep(state);
    showDetails(details, node(id), act);
    view.choose(id, { still });
    table.choose(id);
    if (place === "keys") say(`${node(id).label}, ${node(id).kind}`);
  },
  left() {
    const had = document.activeElement?.closest("#graph-details");
    state.select = "";
    state.path = [];
    keep(state);
    view.choose("");
    view.highlight(null);
    table.highlight(null);
    if (had) table.focus(details.dataset.id);
    details.hidden = true;
    table.choose("");
  },
  opened(id, way = "") {
    const one = node(id);
    if (one.count && !one.rest && one.count <= MOST_AT_ONCE) return act.whole(one);
    const ways = (way ? [way] : ["up", "down"]).filter((each) => one[each] || (data.outnumbered && !one.count));
    if (!ways.length) {
      act.chosen(id);
      return say(one.count ? `${one.count} members are listed` : `Nothing more is known beyond ${one.label}`);
    }
    state.select = id;
    change(() => state.open.push(...ways.map((each) => `${each}:${id}`)));
  },
  folded: (id) => change(() => (state.open = state.open.filter((one) => !one.endsWith(`:${id}`)))),
  whole: (one) => change(() => (state.open.push(`all:${one.members[0][0]}`), (state.select = one.members[0][0]))),
  apart: (id) => change(() => (state.open.push(`out:${id}`), (state.select = id))),
  isOpened: (id) => state.open.some((one) => one.endsWith(`:${id}`) || named(one) === id),
  start: () => data.nodes.find((one) => one.focus)?.id,
  pathFrom: () => from,
  from(id) {
    from = id;
    say(`Choose the node to which the way from ${node(id).label} leads`);
    byId("graph-hint").textContent = `Way from ${node(id).label}: choose the other node.`;
  },
  path(one, other) {
    [from, state.path] = ["", [one, other]];
    byId("graph-hint").textContent = "";
    keep(state);
    const way = showPath();
    say(way ? `A way of ${way.edges.length} steps${way.against ? ", not along causes alone" : ""}` : "There is no way between them in what is shown");
  },
};

const view = new GraphView(canvas, act);
const table = new GraphTable(byId("graph-table"), act);
const named = (one) => one.slice(one.indexOf(":") + 1);

/** Change the state, fetch what belongs to it, show it; the state before is kept for "Undo" and the back button. */
async function change(how, { push = true } = {}) {
  past.push(JSON.stringify(state));
  how();
  if (push) keep(state, { push });
  if (await load()) return;
  Object.assign(state, JSON.parse(past.pop()));
  keep(state);
  controls.read();
}

/** Fetch and show what belongs to the state; of several at once the last counts. Tell whether it could be shown. */
async function load() {
  const mine = ++asked;
  canvas.setAttribute("aria-busy", "true");
  let problem = "";
  const fresh = await server.ask(`/graph.json?${ofNodes(state)}`).catch((error) => (problem = error.message, null));
  if (mine !== asked) return true;
  canvas.removeAttribute("aria-busy");
  byId("graph-hint").textContent = problem;
  if (fresh) show(fresh);
  else say(problem);
  return Boolean(fresh);
}

function show(fresh) {
  const before = data && new Set(data.nodes.map((one) => one.id));
  data = fresh;
  const added = view.draw(data);
  table.draw(data);
  controls.draw(data, past.length);
  offerWords(data.nodes);
  filter();
  if (state.select && node(state.select)) act.chosen(state.select, { still: !before || added.length > 0 });
  else details.hidden = true;
  if (state.path.length === 2) showPath();
  view.reveal(added);
  if (before) tellChange(before);
}

function tellChange(before) {
  const added = data.nodes.filter((one) => !before.has(one.id)).length;
  const gone = before.size - (data.nodes.length - added);
  const words = [added && `${added} node${added > 1 ? "s" : ""} added`, gone && `${gone} node${gone > 1 ? "s" : ""} removed`].filter(Boolean);
  say(words.join(", ") || "Nothing new");
}

function filter() {
  const kept = passing(data.nodes, state);
  view.filter(kept);
  table.filter(kept);
  controls.count(kept.size, data);
  keep(state);
  byId("graph-export").querySelectorAll("a[data-format]").forEach((one) => (one.href = `${base}/graph/document?${ofDocument(state)}&format=${one.dataset.format}`));
  return kept.size;
}

function showPath() {
  const way = wayBetween(data, ...state.path);
  view.highlight(way);
  table.highlight(way);
  return way;
}

const showFilters = watchFilters(byId("graph-form"), state, () => say(`${filter()} nodes shown`));
const controls = watchControls({
  state,
  view,
  act,
  change,
  find: (words) => {
    const found = matching(data.nodes, words);
    view.mark(new Set(found.map((one) => one.id)));
    if (found.length) act.chosen(found[0].id);
    return found;
  },
  undo() {
    if (!past.length) return;
    Object.assign(state, JSON.parse(past.pop()));
    keep(state, { push: true });
    controls.read();
    showFilters();
    load();
  },
  node,
  ids: () => data.nodes.map((one) => one.id),
});

addEventListener("popstate", () => {
  Object.assign(state, read());
  showFilters();
  controls.read();
  load();
});

const drawn = view.ready();
const first = (await nodes) ?? (await server.ask(`/graph.json?${ofNodes(state)}`).catch((error) => error));
if (first instanceof Error) {
  const words = `The nodes can't be shown: ${first.message}. Load the page again.`;
  byId("graph-notes").append(Object.assign(document.createElement("p"), { className: "warn", textContent: words }));
  say(words);
  throw first;
}
show(first);
view.fit(state.select || act.start());
showFilters();
await drawn;
performance.mark("graph-interactive");
canvas.dataset.ready = "yes";
