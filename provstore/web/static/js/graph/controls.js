// What stands around the picture: choices, undo, fit, link, export, the box that finds, what was opened, limits.
import { say } from "../copy.js";
import { element } from "./table.js";

const byId = (id) => document.getElementById(id);
const CHOICES = ["direction", "depth", "view"];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const MOST = "2000";

/** Let all of it work; give what shows it anew. */
export function watchControls({ state, view, act, change, find, undo, node, ids }) {
  const form = byId("graph-form");
  for (const name of ["graph-undo", "graph-fit", "graph-link", "graph-png", "graph-find"]) byId(name).hidden = false;
  byId("graph-link").hidden = !navigator.clipboard;
  byId("graph-show").hidden = true;
  form.querySelector(".check").hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const name of CHOICES) form.elements[name].addEventListener("change", () => change(() => (state[name] = form.elements[name].value)).then(() => view.fit(act.start())));
  byId("graph-flow").addEventListener("change", (event) => turn(event.target.checked));
  byId("graph-undo").addEventListener("click", undo);
  byId("graph-fit").addEventListener("click", () => view.fit());
  byId("graph-link").addEventListener("click", async () => {
    const told = ["The link to this view is copied", "It can't be copied here: it is the address of this page"];
    say(await navigator.clipboard.writeText(location.href).then(() => told[0], () => told[1]));
  });
  byId("graph-png").addEventListener("click", () => save(view));
  watchFinding(find, act);
  watchKeys({ state, view, act, node, ids });

  function turn(on) {
    state.flow = on ? "1" : "";
    view.flow(on);
    byId("graph-arrows").textContent = on ? "→ from cause to effect" : "→ from effect to cause";
    history.replaceState(null, "", address({ ...state }));
  }

  function readAll() {
    for (const name of CHOICES) if (state[name]) form.elements[name].value = state[name];
    byId("graph-flow").checked = Boolean(state.flow);
    turn(Boolean(state.flow));
  }
  readAll();
  return {
    read: readAll,
    draw: (data, undoable) => {
      byId("graph-undo").disabled = !undoable;
      byId("graph-walk").replaceChildren(...state.open.map((one) => step(one, node, () => change(() => (state.open = state.open.filter((other) => other !== one))))));
      byId("graph-notes").replaceChildren(hint(), ...notes(data, () => change(() => (state.limit = MOST))));
    },
    count: (shown, data) => {
      const all = data.nodes.length;
      byId("graph-count").textContent = `${shown < all ? `${shown} of ` : ""}${all} node${all === 1 ? "" : "s"}, ${data.edges.length} relation${data.edges.length === 1 ? "" : "s"}${data.implied ? `, ${data.implied} that follow${data.implied === 1 ? "s" : ""} not drawn` : ""}`;
    },
  };

  function hint() {
    return Object.assign(byId("graph-hint") ?? element("p", "note"), { id: "graph-hint" });
  }

  function address(now) {
    const query = new URLSearchParams(location.search);
    now.flow ? query.set("flow", "1") : query.delete("flow");
    return `${location.pathname}?${query}`;
  }
}

function step(one, node, close) {
  const [way, id] = [one.slice(0, one.indexOf(":")), one.slice(one.indexOf(":") + 1)];
  const name = node(id)?.label ?? id.split(/[#/]/).pop();
  const words = { up: "causes of", down: "effects of", out: "apart:", all: "group of" }[way];
  const made = element("li", "", `${words} ${name} `);
  const button = Object.assign(element("button", "link", "fold back"), { type: "button", ariaLabel: `Fold back ${words} ${name}` });
  button.addEventListener("click", close);
  made.append(button);
  return made;
}

function notes(data, more) {
  const found = [];
  if (data.truncated) {
    const note = element("p", "warn", `There is more: the nearest ${data.nodes.length} are shown. `);
    const button = Object.assign(element("button", "link", `Show up to ${MOST}`), { type: "button" });
    button.addEventListener("click", more);
    note.append(data.limit < Number(MOST) ? button : "Start from another node to see the rest.");
    found.push(note);
  }
  if (data.outnumbered) found.push(element("p", "note", "Some nodes have more neighbours than were counted: +n is then a least number."));
  if (data.restricted) found.push(element("p", "note", "Something that you may not see is left out."));
  return found;
}

function watchFinding(find, act) {
  let found = [];
  let place = 0;
  const field = byId("graph-find");
  field.addEventListener("input", () => {
    [found, place] = [find(field.value), 0];
    if (field.value) say(`${found.length} found`);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && found.length) {
      event.preventDefault();
      place = (place + (event.shiftKey ? found.length - 1 : 1)) % found.length;
      act.chosen(found[place].id, { from: "keys" });
    }
  });
}

/** The picture by keyboard: arrows go to the next node that way, Enter opens it, + and - zoom, Escape leaves. */
function watchKeys({ state, view, act, node, ids }) {
  const canvas = byId("canvas");
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", "Picture of the nodes in the table. Arrow keys go to the next node, Enter opens it, plus and minus zoom.");
  canvas.addEventListener("keydown", (event) => {
    const here = node(state.select) ? state.select : "";
    if (event.key in ARROWS) {
      const next = here ? view.beside(here, ARROWS[event.key]) : (act.start() ?? ids()[0]);
      if (next) act.chosen(next, { from: "keys" });
    } else if (event.key === "Enter" && here) act.opened(here);
    else if (event.key === "Escape") act.left();
    else if (event.key === "+" || event.key === "=") view.zoom(1.25);
    else if (event.key === "-") view.zoom(0.8);
    else return;
    event.preventDefault();
  });
}

async function save(view) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(await view.png()), download: "graph.png" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
