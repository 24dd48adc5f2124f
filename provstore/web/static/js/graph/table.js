// The same nodes as a table: everything that can be done in the picture can be done here, by keyboard, too.
import { tellTimes } from "../times.js";

const LONG = 60;

export class GraphTable {
  #body;
  #rows = new Map();
  #act;

  /** `chosen(id)`, `opened(id)` or `opened(id, way)`, as in the picture. */
  constructor(table, act) {
    table.hidden = false;
    this.#act = act;
    this.#body = table.tBodies[0];
    this.#body.addEventListener("keydown", (event) => this.#key(event));
    this.#body.addEventListener("click", (event) => this.#click(event));
    this.#body.addEventListener("focusin", (event) => {
      const row = event.target.closest("tr");
      if (row && event.target.classList.contains("node") && !row.hasAttribute("aria-current")) act.chosen(row.dataset.id, { from: "table" });
    });
  }

  /** Write the rows. */
  draw(data) {
    const focused = this.#body.contains(document.activeElement) ? document.activeElement.closest("tr").dataset.id : null;
    this.#rows = new Map(data.nodes.map((node) => [node.id, row(node)]));
    this.#body.replaceChildren(...this.#rows.values());
    tellTimes(this.#body);
    this.#tabStop([...this.#rows.keys()][0]);
    if (focused) this.focus(this.#rows.has(focused) ? focused : [...this.#rows.keys()][0]);
  }

  /** Mark the row of the node that is looked at, and bring it into sight. */
  choose(id) {
    for (const one of this.#body.querySelectorAll("tr[aria-current]")) one.removeAttribute("aria-current");
    const chosen = this.#rows.get(id);
    if (!chosen) return;
    chosen.setAttribute("aria-current", "true");
    this.#tabStop(id);
    const around = this.#body.closest(".graph-rows");
    const [row, box] = [chosen.getBoundingClientRect(), around.getBoundingClientRect()];
    if (row.top < box.top + 34 || row.bottom > box.bottom) around.scrollTop += row.top - box.top - box.height / 3;
  }

  /** Put the focus on a node's name. */
  focus(id) {
    this.#rows.get(id)?.querySelector(".node").focus({ preventScroll: true });
  }

  /** Show the rows of some nodes only. */
  filter(kept) {
    for (const [id, one] of this.#rows) one.hidden = !kept.has(id);
  }

  /** Mark those on a way. */
  highlight(way) {
    const on = new Set(way?.nodes ?? []);
    for (const [id, one] of this.#rows) one.classList.toggle("on-path", on.has(id));
  }

  #tabStop(id) {
    for (const one of this.#body.querySelectorAll(".node[tabindex='0']")) one.tabIndex = -1;
    const link = this.#rows.get(id)?.querySelector(".node");
    if (link) link.tabIndex = 0;
  }

  #click(event) {
    const row = event.target.closest("tr");
    const more = event.target.closest("button.more");
    if (more) return this.#act.opened(row.dataset.id, more.dataset.way === "all" ? "" : more.dataset.way);
    const link = event.target.closest("a.node");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (event.detail === 0) this.#act.opened(row.dataset.id);
    else this.#act.chosen(row.dataset.id, { from: "table" });
  }

  #key(event) {
    const row = event.target.closest("tr");
    if (!row || !event.target.classList.contains("node")) return;
    const rows = [...this.#rows.values()].filter((one) => !one.hidden);
    const place = rows.indexOf(row);
    const places = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: rows.length - 1 };
    const ways = { ArrowLeft: "up", ArrowRight: "down" };
    if (event.key in places) {
      event.preventDefault();
      const next = rows[Math.max(0, Math.min(rows.length - 1, places[event.key]))];
      this.focus(next.dataset.id);
    } else if (event.key in ways && row.querySelector(`[data-way="${ways[event.key]}"]`)) {
      event.preventDefault();
      this.#act.opened(row.dataset.id, ways[event.key]);
    } else if (event.key === "Escape") this.#act.left();
  }
}

function row(node) {
  const made = document.createElement("tr");
  made.dataset.id = node.id;
  const name = cell("name", kindMark(node.kind), " ", link(node));
  if (node.only) name.append(" ", said(node.only));
  if (node.short) name.append(" ", shortened(node.short));
  if (node.state) name.append(" ", element("span", node.state === "failed" ? "tag wrong" : "tag", node.state === "invalidated" ? "no longer there" : node.state));
  const when = cell("");
  if (node.at) when.append(Object.assign(document.createElement("time"), { dateTime: node.at, title: node.at }));
  else when.append(element("span", "none", "–"));
  const whole = node.count && !node.rest ? [everything(node)] : [];
  const more = cell("", ...whole, ...[["up", "cause", "←"], ["down", "effect", "→"]].filter(([way]) => node[way]).map((one) => handle(node, one)));
  made.append(name, more, cell("text", node.relation ?? (node.focus ? "start" : "")), when, cell("number", node.distance ?? ""));
  return made;
}

const SIDES = { A: "only in the first", B: "only in the second", "=": "the same in both", "≠": "in both, with differences" };

function said(only) {
  const made = element("strong", "", only);
  made.title = SIDES[only];
  return made;
}

/** The mark of a kind: its letter in its colour; the word for those who hear it. */
export function kindMark(kind) {
  const mark = element("span", `kind kind-${kind}`, kind[0].toUpperCase());
  mark.title = kind;
  mark.append(element("span", "unseen", kind.slice(1)));
  return mark;
}

/** Leave out the middle of a long name. */
const cut = (text, most) => (text.length <= most ? text : `${text.slice(0, most / 2).trimEnd()}…${text.slice(-most / 2).trimStart()}`);

/** Shorten an id in the middle; the whole is on hover. */
export function shortened(id) {
  return Object.assign(element("span", "tag id", id.length <= 20 ? id : `${id.slice(0, 4)}…${id.slice(-12)}`), { title: id });
}

function link(node) {
  const made = element("a", node.state === "invalidated" ? "node gone" : "node", cut(node.label, LONG));
  const address = new URL(location.href);
  address.search = new URLSearchParams({ id: node.id });
  Object.assign(made, { href: node.count ? "#graph-details" : address.href, title: [...(node.label.length > LONG ? [node.label] : []), node.count ? `${node.label} ${node.short ?? ""}` : node.id].join("\n"), tabIndex: -1 });
  return made;
}

function handle(node, [way, word, sign]) {
  const made = element("button", "more", `${way === "up" ? sign : ""}+${node[way]}${way === "down" ? sign : ""}`);
  Object.assign(made, { type: "button", tabIndex: -1, title: beyond(node, way), ariaLabel: `Show ${node[way]} ${word}${node[way] > 1 ? "s" : ""} of ${node.label}` });
  made.dataset.way = way;
  return made;
}

/** Say what lies beyond a node on one side: the first of it by name. */
export function beyond(node, way) {
  const names = node[way === "up" ? "causes" : "effects"] ?? [];
  return `${names.join(", ")}${node[way] > names.length ? ` and ${node[way] - names.length} more` : ""}`;
}

function everything(node) {
  const made = element("button", "more", "draw all");
  Object.assign(made, { type: "button", tabIndex: -1, ariaLabel: `Draw all ${node.label} of ${node.short ?? "this group"}` });
  made.dataset.way = "all";
  return made;
}

function cell(name, ...parts) {
  const made = document.createElement("td");
  if (name) made.className = name;
  made.append(...parts);
  return made;
}

/** Make an element of a class, with text. */
export function element(tag, name, text = "") {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.textContent = text;
  return made;
}
