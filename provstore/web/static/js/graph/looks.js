// How nodes and edges look: the colours of the style sheet, the shapes of the PROV convention, as in the server's SVG.
export const WIDTH = 156;
export const HEIGHT = 46;
export const TOUCH = matchMedia("(pointer: coarse)").matches;
const OVER = 14; // what badges need beyond the box
const SHAPES = { activity: "rectangle", entity: "ellipse", collection: "ellipse", value: "round-rectangle", agent: "polygon" };
const HOUSE = "-1 1  -1 -0.33  0 -1  1 -0.33  1 1";
const DASHED = "[kind = 'wasDerivedFrom'], [kind = 'wasInformedBy'], [kind = 'through']";
const DOTTED = "[kind = 'hadMember'], [kind = 'alternateOf'], [kind = 'specializationOf']";

const edges = (conditions) => conditions.split(", ").map((one) => `edge${one}`).join(", ");

/** Give the colours as they are now: the reader's scheme may change. */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(`--${name}`).trim();
}

/** Give the style of everything in the picture. */
export function looks(colour, { labelled }) {
  const kinds = Object.keys(SHAPES).map((kind) => {
    const paint = kind === "collection" ? "entity" : kind;
    const look = { shape: SHAPES[kind], "background-color": colour(paint), "border-color": colour(`${paint}-edge`) };
    return { selector: `node[kind = "${kind}"]`, style: kind === "agent" ? { ...look, "shape-polygon-points": HOUSE } : look };
  });
  return [
    { selector: "node", style: { width: WIDTH, height: HEIGHT, label: "data(text)", color: colour("on-kind"), "font-size": 11, "font-weight": 600, "font-family": "system-ui, sans-serif", "text-valign": "center", "text-halign": "center", "text-wrap": "wrap", "text-max-width": 150, "border-width": 1.2, "min-zoomed-font-size": 5, "background-fit": "none", "background-clip": "none", "background-image-containment": "over", "background-width": WIDTH + 2 * OVER, "background-height": HEIGHT + 2 * OVER, "bounds-expansion": OVER } },
    ...kinds,
    { selector: "node[badges]", style: { "background-image": "data(badges)" } },
    { selector: "node[kind = 'collection'], node[?count]", style: { ghost: "yes", "ghost-offset-x": 4, "ghost-offset-y": -4, "ghost-opacity": 1, "border-width": 1.4 } }, // pictures of nodes are kept by their looks, to which ghosts don't belong: another border tells them apart
    { selector: "node[state = 'failed']", style: { "border-color": colour("error"), "border-width": 2.5 } },
    { selector: "node[state = 'running']", style: { "border-style": "dashed", "border-width": 2 } },
    { selector: "node[state = 'invalidated']", style: { opacity: 0.6 } },
    { selector: "node[?focus]", style: { "outline-width": 2, "outline-style": "dashed", "outline-offset": 5, "outline-color": colour("ink") } },
    { selector: "node.more", style: { shape: "round-rectangle", width: "data(wide)", height: TOUCH ? 32 : 18, "background-color": colour("panel"), "border-color": colour("edge"), color: colour("ink"), "font-size": 10, "bounds-expansion": 0 } },
    { selector: "edge", style: { width: 1.3, "line-color": colour("soft"), "target-arrow-color": colour("soft"), "source-arrow-color": colour("soft"), "target-arrow-shape": "triangle", "arrow-scale": 0.9, "curve-style": "bezier", "font-size": 9, color: colour("soft"), "text-background-color": colour("panel"), "text-background-opacity": 0.9, "text-background-padding": 1, "text-wrap": "wrap", "min-zoomed-font-size": 6, "edge-distances": "node-position" } },
    { selector: "edge[weights]", style: { "curve-style": "unbundled-bezier", "control-point-weights": "data(weights)", "control-point-distances": "data(distances)" } },
    { selector: edges(DASHED), style: { "line-style": "dashed" } },
    { selector: edges(DOTTED), style: { "line-style": "dotted" } },
    { selector: labelled ? "edge" : "edge.told", style: { label: "data(text)" } },
    { selector: "edge.flow", style: { "target-arrow-shape": "none", "source-arrow-shape": "triangle" } },
    { selector: ".filtered", style: { display: "none" } },
    { selector: ".dim", style: { opacity: 0.25 } },
    { selector: "edge.on-path", style: { width: 3, "line-color": colour("held"), "target-arrow-color": colour("held"), "source-arrow-color": colour("held"), label: "data(text)" } },
    { selector: "node.on-path", style: { "border-width": 3, "border-color": colour("held") } },
    { selector: "node.found", style: { "underlay-color": colour("held"), "underlay-opacity": 0.35, "underlay-padding": 8 } },
    { selector: "node.only-a", style: { "underlay-color": colour("error"), "underlay-opacity": 0.3, "underlay-padding": 9 } },
    { selector: "node.only-b", style: { "underlay-color": colour("completed"), "underlay-opacity": 0.3, "underlay-padding": 9 } },
    { selector: "node.changed", style: { "underlay-color": colour("held"), "underlay-opacity": 0.3, "underlay-padding": 9 } },
    { selector: "node.both", style: { opacity: 0.75 } },
    { selector: "node.chosen", style: { "border-width": 3.5, "border-color": colour("accent"), "overlay-color": colour("accent"), "overlay-opacity": 0.12, "overlay-padding": 6 } },
  ];
}

/** Give the picture of what stands on a node's edge, "" for nothing: agents, parameters, a cross, a letter. */
export function badges(node, colour) {
  const parts = [...people(node.agents ?? [], colour), ...settings(node.parameters, colour), ...marks(node, colour)];
  if (!parts.length) return "";
  const [wide, high] = [WIDTH + 2 * OVER, HEIGHT + 2 * OVER];
  const frame = `viewBox="${-wide / 2} ${-high / 2} ${wide} ${high}" width="${wide}" height="${high}"`;
  const font = `font-family="system-ui,sans-serif" text-anchor="middle" fill="${colour("on-kind")}"`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" ${frame}><g ${font}>${parts.join("")}</g></svg>`;
  return `data:image/svg+xml;utf8,${encodeURIComponent(svg)}`;
}

function people(names, colour) {
  const shown = names.slice(0, 3).map(initials);
  if (names.length > 3) shown.push(`+${names.length - 3}`);
  return shown.reverse().map((text, place) => {
    const at = `translate(${WIDTH / 2 - 14 - 25 * place} ${-HEIGHT / 2 - 1})`;
    const house = `<path d="M-11 9V-4L0 -11L11 -4V9z" fill="${colour("agent")}" stroke="${colour("agent-edge")}"/>`;
    return `<g transform="${at}">${house}<text font-size="9" y="6">${escaped(text)}</text></g>`;
  });
}

function settings(count, colour) {
  if (!count) return [];
  const text = `${count} parameter${count > 1 ? "s" : ""}`;
  const wide = text.length * 5 + 8;
  const box = `<rect x="${-wide / 2}" y="-7" width="${wide}" height="14" rx="6" fill="${colour("value")}" stroke="${colour("value-edge")}"/>`;
  return [`<g transform="translate(${WIDTH / 2 - wide / 2 - 4} ${HEIGHT / 2 + 1})">${box}<text font-size="9" y="3">${text}</text></g>`];
}

function marks(node, colour) {
  const found = [];
  if (node.state === "failed") {
    const cross = `<path d="M-4 -4L4 4M4 -4L-4 4" stroke="${colour("panel")}" stroke-width="2.2" stroke-linecap="round"/>`;
    found.push(`<g transform="translate(${-WIDTH / 2} ${-HEIGHT / 2})"><circle r="9" fill="${colour("error")}"/>${cross}</g>`);
  }
  const half = Math.min(62, wide(node.label) / 2);
  if (node.state === "invalidated") found.push(`<path d="M${-half} ${node.short ? -6 : 0}H${half}" stroke="${colour("on-kind")}" stroke-width="1.2"/>`);
  if (node.only) found.push(`<circle cx="${-WIDTH / 2 + 22}" cy="${-HEIGHT / 2}" r="9" fill="${colour("panel")}" stroke="${colour("edge")}"/><text x="${-WIDTH / 2 + 22}" y="${-HEIGHT / 2 + 4}" font-size="12" font-weight="700" fill="${colour("ink")}">${node.only}</text>`);
  return found;
}

/** Give at most two letters for an agent, as the server's SVG does. */
export function initials(name) {
  const words = name.replaceAll(/[_-]/g, " ").split(/\s+/).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  if (!words.length) return "?";
  return (words[0][0] + (words.length > 1 ? words.at(-1)[0] : "")).toUpperCase();
}

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const pen = document.createElement("canvas").getContext("2d");

function wide(text) {
  pen.font = "600 11px system-ui, sans-serif";
  return pen.measureText(text).width;
}

/** Give a text on one line, with its middle left out if it is too wide. */
export function fit(text, room, font = "600 11px system-ui, sans-serif") {
  pen.font = font;
  const line = text.replaceAll(/\s+/g, " ").slice(0, 400);
  if (pen.measureText(line).width <= room) return line;
  for (let kept = Math.min(line.length, Math.ceil(room / 3)); kept > 2; kept--) {
    const short = `${line.slice(0, Math.ceil(kept / 2)).trimEnd()}…${line.slice(line.length - Math.floor(kept / 2)).trimStart()}`;
    if (pen.measureText(short).width <= room) return short;
  }
  return "…";
}
