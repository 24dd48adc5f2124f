// What is known of one node: its facts as the server tells them, where it leads, what can be done from here.
import { base, server } from "../server.js";
import { offerCopying } from "../copy.js";
import { beyond, element, kindMark, shortened } from "./table.js";
import { tellTimes } from "../times.js";

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;
const HIDDEN = new Set(["name", "local", "open", "readers"]);
const FORMATS = ["prov-n", "prov-json", "prov-xml", "prov-jsonld", "turtle", "votable", "svg", "ro-crate"];
const WORDS = { content_type: "type", sha256: "SHA-256", size: "size in bytes", generated_at: "made", created_at: "created", started_at: "started", ended_at: "ended", invalidated_at: "removed" };

/** Show what is known of a node; `act` does what its buttons say. */
export async function showDetails(place, node, act) {
  const had = place.contains(document.activeElement);
  place.hidden = false;
  place.dataset.id = node.id;
  const close = button("Close", "plain small close", act.left);
  const head = element("h2", "");
  head.append(kindMark(node.kind), ` ${node.label}`);
  place.replaceChildren(close, head, ...(node.count ? members(node, act) : own(node, act)));
  offerCopying(place);
  if (had) Object.assign(head, { tabIndex: -1 }).focus({ preventScroll: true });
  if (node.count || node.hidden) return;
  const facts = await told(node);
  if (place.dataset.id !== node.id) return;
  place.append(...facts);
  tellTimes(place);
}

function own(node, act) {
  if (node.hidden) return [element("p", "none", "Something is here that you may not see.")];
  const id = element("p", "id", "");
  const copy = Object.assign(button("Copy id", "link", () => {}), { hidden: true });
  copy.dataset.copy = node.id;
  id.append(Object.assign(element("span", "", node.id.startsWith("urn:") ? node.id.split("#").pop() : node.id), { title: node.id }), " ", copy);
  const acts = element("div", "actions");
  for (const way of ["up", "down"].filter((one) => node[one])) acts.append(Object.assign(button(`Show ${way === "up" ? "causes" : "effects"} +${node[way]}`, "small", () => act.opened(node.id, way)), { title: beyond(node, way) }));
  if (act.isOpened(node.id)) acts.append(button("Fold back", "plain small", () => act.folded(node.id)));
  if (act.pathFrom() && act.pathFrom() !== node.id) acts.append(button("Way to here", "plain small", () => act.path(act.pathFrom(), node.id)));
  if (!node.focus && act.start()) acts.append(button("Way from the start", "plain small", () => act.path(act.start(), node.id)));
  acts.append(button("Way from here…", "plain small", () => act.from(node.id)));
  const places = element("ul", "");
  for (const [words, address] of leads(node)) places.append(item(words, address));
  const formats = document.createElement("details");
  formats.append(element("summary", "", "Its provenance as…"));
  const list = element("ul", "");
  for (const form of FORMATS) list.append(item(form, `${base}/provsap?${new URLSearchParams({ ID: node.id, DEPTH: "ALL", RESPONSEFORMAT: form })}`));
  formats.append(list);
  return [id, acts, places, formats];
}

function leads(node) {
  const query = new URLSearchParams({ id: node.id });
  const local = node.id.split("#").pop();
  const found = [];
  const isOwn = node.id.startsWith("urn:") || !node.id.includes("://");
  if ((node.class ?? []).includes("Job") && isOwn) found.push(["Open the job", `${base}/jobs/${encodeURIComponent(local)}`]);
  if ((node.class ?? []).includes("Entity")) found.push(["Page of the product", `${base}/product?${query}`]);
  if (node.file) found.push(["Download", `${base}/store/${encodeURIComponent(local)}`]);
  if (/^https?:/.test(node.id)) found.push(["Open its address", node.id]);
  found.push(["What made it", `${base}/lineage?${query}&direction=up`], ["What came of it", `${base}/lineage?${query}&direction=down`]);
  found.push(["Start the graph here", `${base}/graph?${query}`]);
  return found;
}

function members(node, act) {
  const list = element("ul", "members");
  const field = Object.assign(document.createElement("input"), { type: "search", placeholder: `Find among ${node.count}`, ariaLabel: `Find among ${node.count}` });
  const show = () => {
    const words = field.value.toLowerCase();
    const found = node.members.filter(([id, label]) => `${id} ${label}`.toLowerCase().includes(words));
    list.replaceChildren(...found.slice(0, 200).map((one) => member(one, node, act)));
    if (found.length > 200) list.append(element("li", "none", `and ${found.length - 200} more: type to find them`));
  };
  field.addEventListener("input", show);
  show();
  const told = element("p", "", node.rest ? "Not drawn, since there are too many. Draw those that you need." : `${node.count} nodes are drawn as one${node.short ? ` (${node.short})` : ""}.`);
  const cut = node.count > node.members.length ? [element("p", "none", `The first ${node.members.length} are listed.`)] : [];
  const acts = element("div", "actions");
  if (!node.rest) acts.append(button(`Draw all ${node.count}`, "small", () => act.whole(node)));
  return [told, acts, ...cut, field, list];
}

function member([id, label], node, act) {
  const made = element("li", "");
  const link = element("a", "", label);
  Object.assign(link, { href: `${base}/graph?${new URLSearchParams({ id })}`, title: id });
  link.append(" ", shortened(id.split(/[#/]/).pop()));
  made.append(link, button(node.rest ? "Draw" : "Draw apart", "link", () => act.apart(id)));
  return made;
}

async function told(node) {
  let answer;
  try {
    answer = await server.lineage(node.id, { direction: "up", depth: 0 });
  } catch (error) {
    return [element("p", "wrong", error.message)];
  }
  const itself = answer.nodes.find((one) => one.id === node.id);
  const parts = [];
  const facts = Object.entries(itself?.attributes ?? {}).filter(([name]) => !HIDDEN.has(name));
  if (facts.length) parts.push(element("h3", "", "Facts"), pairs(facts.map(([name, value]) => [worded(name), value])));
  const near = (kinds) => answer.relations.filter((one) => one.source === node.id && kinds.includes(one.kind));
  const named = (id) => answer.nodes.find((one) => one.id === id);
  const people = near(["WAS_ASSOCIATED_WITH", "WAS_ATTRIBUTED_TO"]).map((one) => [one.role || "agent", named(one.target)?.label ?? one.target]);
  if (people.length) parts.push(element("h3", "", "People and software"), pairs(people));
  const given = near(["WAS_CONFIGURED_BY"]).map((one) => named(one.target)).filter(Boolean);
  if (given.length) parts.push(element("h3", "", "Parameters"), pairs(given.map((one) => [one.label, one.attributes.value ?? one.attributes["http://www.w3.org/ns/prov#value"] ?? ""])));
  return parts;
}

const worded = (name) => WORDS[name] ?? name.split(/[#/]/).pop().replaceAll("_", " ");

function pairs(rows) {
  const made = document.createElement("dl");
  for (const [name, value] of rows) {
    const said = document.createElement("dd");
    for (const one of [value].flat()) said.append(fact(String(one)), " ");
    made.append(element("dt", "", name), said);
  }
  return made;
}

function fact(text) {
  if (!INSTANT.test(text)) return element("span", "", text.length > 400 ? `${text.slice(0, 400)}…` : text);
  return Object.assign(element("time", "instant", text), { dateTime: text, title: text });
}

function item(words, href) {
  const made = element("li", "");
  made.append(Object.assign(element("a", "", words), { href }));
  return made;
}

function button(words, kind, act) {
  const made = Object.assign(element("button", kind, words), { type: "button" });
  made.addEventListener("click", act);
  return made;
}
