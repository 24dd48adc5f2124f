// The picture: cytoscape.js draws what the server has placed.
import cytoscape from "../../vendor/cytoscape.js";
import { beyond as names } from "./table.js";
import { badges, colours, fit, HEIGHT, looks, TOUCH, WIDTH } from "./looks.js";

const MOST_LABELS = 60; // from so many edges on, labels are only told of the node that is looked at
const MANY = 400;
const MARGIN = 30;
const LEAST = 0.5; // nobody reads smaller letters
const NEAR = 0.75;
const SIDES = { A: "only-a", B: "only-b", "=": "both", "≠": "changed" };
const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const DARK = matchMedia("(prefers-color-scheme: dark)");

export class GraphView {
  #cy;
  #data = { nodes: [], edges: [] };
  #flow = false;
  #kept = null;
  #labelled = null;
  #moving = 0;

  /** `chosen(id)`, `opened(id)` for both sides or `opened(id, way)` for one, and `left()` when nothing is chosen. */
  constructor(container, { chosen, opened, left }) {
    container.hidden = false;
    this.#cy = cytoscape({ container, style: [], elements: [], layout: { name: "preset" }, autoungrabify: true, boxSelectionEnabled: false, minZoom: 0.02, maxZoom: 3 });
    this.#cy.on("tap", "node", ({ target }) => (target.hasClass("more") ? opened(target.data("of"), target.data("way")) : chosen(target.id())));
    this.#cy.on("dbltap", "node[^of]", ({ target }) => opened(target.id()));
    this.#cy.on("tap", ({ target }) => target === this.#cy && left());
    this.#cy.on("mouseover", "node", ({ target }) => this.#look(target, true));
    this.#cy.on("mouseout", "node", ({ target }) => this.#look(target, false));
    DARK.addEventListener("change", () => this.#paint());
    new ResizeObserver(() => this.#cy.resize()).observe(container);
  }

  /** Draw other data; what was there before and is still there stays what it is. Give what is new. */
  draw(data) {
    const before = this.#data;
    this.#data = data;
    const colour = colours();
    const elements = [...data.nodes.flatMap((node) => [shown(node, colour), ...beyond(node)]), ...data.edges.map((edge, place) => joined(edge, place, data.nodes))];
    const fresh = before.nodes.length ? data.nodes.filter((node) => !this.#cy.hasElementWithId(node.id)) : [];
    this.#cy.batch(() => {
      if (!before.nodes.length) this.#cy.add(elements);
      else this.#change(elements);
    });
    const labelled = data.edges.length < MOST_LABELS;
    if (labelled !== this.#labelled) {
      this.#labelled = labelled;
      this.#paint();
    }
    this.flow(this.#flow);
    this.#run();
    this.#cy.container().dataset.nodes = data.nodes.length;
    return fresh;
  }

  #change(elements) {
    const kept = new Set(elements.map((one) => one.data.id));
    this.#cy.elements().filter((one) => !kept.has(one.id())).remove();
    const added = [];
    for (const one of elements) {
      const there = this.#cy.getElementById(one.data.id);
      if (there.empty()) added.push(one);
      else {
        there.removeData("badges").data(one.data);
        if (one.position) there.position(one.position);
      }
    }
    this.#cy.add(added);
  }

  /** Let the border of what runs move, if the reader wants motion. */
  #run() {
    clearInterval(this.#moving);
    const running = this.#cy.nodes("[state = 'running']");
    if (CALM.matches || running.empty() || this.#data.nodes.length > MANY) return;
    let step = 0;
    this.#moving = setInterval(() => document.hidden || running.style("border-dash-offset", (step -= 1)), 100);
  }

  /** Bring what has come into sight, with the node that is looked at. */
  reveal(fresh) {
    if (!fresh.length) return;
    const seen = this.#cy.extent();
    const box = around(fresh);
    if (box.x1 >= seen.x1 && box.x2 <= seen.x2 && box.y1 >= seen.y1 && box.y2 <= seen.y2) return;
    const nodes = fresh.map((node) => this.#cy.getElementById(node.id)).reduce((all, one) => all.union(one), this.#cy.nodes(".chosen"));
    const { width, height } = this.#cy.container().getBoundingClientRect();
    const isSmall = Math.min(width / (box.x2 - box.x1 + 80), height / (box.y2 - box.y1 + 80)) > LEAST;
    if (isSmall) this.#move({ fit: { eles: nodes, padding: 40 } });
    else this.fit(this.#cy.nodes(".chosen").first().id());
  }

  #move(where) {
    if (where.fit) where.fit.eles = where.fit.eles.length ? where.fit.eles : this.#cy.nodes();
    if (CALM.matches) where.fit ? this.#cy.fit(where.fit.eles, where.fit.padding) : this.#cy.center(where.center.eles);
    else this.#cy.animate({ ...where, duration: 180 });
    if (this.#cy.zoom() > 1.2) this.#cy.zoom(1.2);
  }

  #paint() {
    const colour = colours();
    this.#cy.style(looks(colour, { labelled: this.#labelled }));
    const drawn = new Map(this.#data.nodes.map((node) => [node.id, node]));
    this.#cy.batch(() => {
      for (const one of this.#cy.nodes("[badges]")) one.data("badges", badges(drawn.get(one.id()) ?? {}, colour));
    });
  }

  #look(node, on) {
    this.#cy.container().classList.toggle("over", on);
    this.#cy.container().title = on ? (node.data("told") ?? node.data("label")) : "";
    if (!this.#labelled) node.connectedEdges().toggleClass("told", on);
  }

  /** All in sight; but what would be too small to be read begins at `id`. */
  fit(id) {
    const box = around(this.#data.nodes.filter((node) => !this.#kept || this.#kept.has(node.id)));
    const { width, height } = this.#cy.container().getBoundingClientRect();
    const whole = Math.min(width / (box.x2 - box.x1 + 60), height / (box.y2 - box.y1 + 60));
    const start = whole < LEAST && id ? this.#cy.getElementById(id) : this.#cy.collection();
    const zoom = start.nonempty() ? NEAR : Math.min(whole, 1.1);
    const at = start.nonempty() ? start.position() : { x: (box.x1 + box.x2) / 2, y: (box.y1 + box.y2) / 2 };
    this.#cy.stop();
    this.#cy.viewport({ zoom, pan: { x: pan(at.x * zoom, box.x1 * zoom, box.x2 * zoom, width), y: pan(at.y * zoom, box.y1 * zoom, box.y2 * zoom, height) } });
  }

  zoom(by) {
    const { width, height } = this.#cy.container().getBoundingClientRect();
    this.#cy.zoom({ level: this.#cy.zoom() * by, renderedPosition: { x: width / 2, y: height / 2 } });
  }

  /** Mark a node as the one that is looked at, and bring it into sight. */
  choose(id, { still = false } = {}) {
    this.#cy.nodes(".chosen").removeClass("chosen").connectedEdges().removeClass("told");
    const node = id ? this.#cy.getElementById(id) : this.#cy.collection();
    if (node.empty()) return;
    node.addClass("chosen").connectedEdges().addClass("told");
    this.#cy.resize();
    if (still) return;
    const seen = this.#cy.extent();
    const { x, y } = node.position();
    const near = x - WIDTH / 2 > seen.x1 && x + WIDTH / 2 < seen.x2 && y - HEIGHT / 2 > seen.y1 && y + HEIGHT / 2 < seen.y2;
    if (!near) this.#move({ center: { eles: node } });
  }

  /** Hide the nodes that are not in `kept`, with what leads to them. */
  filter(kept) {
    this.#kept = kept;
    this.#cy.batch(() => this.#cy.nodes().forEach((node) => node.toggleClass("filtered", !kept.has(node.data("of") ?? node.id()))));
  }

  /** Mark what a search has found. */
  mark(ids) {
    this.#cy.batch(() => this.#cy.nodes().forEach((node) => node.toggleClass("found", ids.has(node.id()))));
  }

  /** Make a way stand out: places of nodes' ids and of edges; null for none. */
  highlight(way) {
    this.#cy.batch(() => {
      this.#cy.elements().removeClass("on-path dim");
      if (!way) return;
      this.#cy.elements().addClass("dim");
      for (const id of [...way.nodes, ...way.edges.map((place) => edgeId(this.#data.edges[place], this.#data.nodes))]) this.#cy.getElementById(id).removeClass("dim").addClass("on-path");
    });
  }

  /** Let arrows show the flow of data instead of causes. */
  flow(on) {
    this.#flow = on;
    this.#cy.batch(() => this.#cy.edges().toggleClass("flow", on));
  }

  /** Give the node that lies nearest to another in a direction, null for none. */
  beside(id, [across, down]) {
    const from = this.#cy.getElementById(id).position();
    const others = this.#cy.nodes(":visible").filter((node) => node.id() !== id && !node.data("of"));
    let best = [Infinity, null];
    others.forEach((node) => {
      const [x, y] = [node.position("x") - from.x, node.position("y") - from.y];
      const along = x * across + y * down;
      const aside = Math.abs(x * down) + Math.abs(y * across);
      const far = along + 2 * aside;
      if (along > 1 && far < best[0]) best = [far, node.id()];
    });
    return best[1];
  }

  /** Where a node is on the page, for those who point at it. */
  place(id) {
    const { x, y } = this.#cy.getElementById(id).renderedPosition();
    const box = this.#cy.container().getBoundingClientRect();
    return { x: box.x + x, y: box.y + y };
  }

  /** Give the picture as it would be printed: all of it, on the ground of the page. */
  png() {
    return this.#cy.png({ output: "blob-promise", full: true, scale: this.#data.nodes.length > MANY ? 1 : 2, maxWidth: 8000, maxHeight: 8000, bg: colours()("panel") });
  }

  /** Tell when the picture has been drawn. */
  ready() {
    return new Promise((done) => this.#cy.one("render", done));
  }
}

function shown(node, colour) {
  const small = node.short ? `\n${fit(node.short, 116, "600 11px system-ui, sans-serif")}` : "";
  const text = fit(node.label, node.kind === "entity" || node.kind === "collection" ? 128 : 144) + small;
  const data = { ...node, text, count: node.count ?? 0, focus: node.focus ?? false };
  const drawn = badges(node, colour);
  if (drawn) data.badges = drawn;
  return { group: "nodes", data, position: { x: node.x, y: node.y }, classes: SIDES[node.only] ?? "" };
}

/** The small handles "+4" on either side of a node: what is not shown yet. */
function beyond(node) {
  return [["up", -1], ["down", 1]].filter(([way]) => node[way]).map(([way, side]) => {
    const text = `+${node[way]}`;
    const wide = (TOUCH ? 20 : 12) + 6 * text.length;
    const position = { x: node.x + side * (WIDTH / 2 + wide / 2 - 4), y: node.y };
    return { group: "nodes", data: { id: `${way}:${node.id}`, of: node.id, way, text, wide, told: names(node, way) }, position, classes: "more" };
  });
}

const edgeId = (edge, nodes) => `${nodes[edge.source].id} ${edge.kind} ${nodes[edge.target].id} ${edge.role ?? ""}`;

function joined(edge, place, nodes) {
  const text = edge.role ? `${edge.kind}\n${fit(edge.role, 110)}` : edge.kind;
  const data = { id: edgeId(edge, nodes), source: nodes[edge.source].id, target: nodes[edge.target].id, kind: edge.kind, text };
  if (edge.bend) Object.assign(data, { weights: edge.bend.map(([share]) => share), distances: edge.bend.map(([, aside]) => aside) });
  return { group: "edges", data };
}

/** Bring a place to the middle, but leave no room empty at one end while there is more beyond the other. */
function pan(at, least, most, room) {
  const [first, last] = [MARGIN - least, room - MARGIN - most];
  return first < last ? (first + last) / 2 : Math.max(last, Math.min(first, room / 2 - at));
}

/** Give the box around nodes with their handles; cytoscape would measure every letter for it. */
function around(nodes) {
  const [xs, ys] = [nodes.map((node) => node.x), nodes.map((node) => node.y)];
  const ends = (values, room) => [values.reduce((one, other) => Math.min(one, other), Infinity) - room, values.reduce((one, other) => Math.max(one, other), -Infinity) + room];
  const [[x1, x2], [y1, y2]] = nodes.length ? [ends(xs, WIDTH / 2 + 30), ends(ys, HEIGHT / 2 + 16)] : [[0, 1], [0, 1]];
  return { x1, x2, y1, y2 };
}
