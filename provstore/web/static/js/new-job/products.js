// A box in which a product is named: type a name or a hash, choose among what the input takes (an ARIA combobox).
import { fields, fillIn, make } from "./fields.js";
import { base, server } from "../server.js";
import { ago } from "../times.js";
import { say } from "../copy.js";

const MOST = 8;
const PAUSE = 200;
const ANYTHING = ["", "*/*", "application/octet-stream"];
const FITS = ["application/fits", "image/fits"];
const UNITS = ["B", "kB", "MB", "GB", "TB"];
let boxes = 0;

export function offerProducts(form, everyBox) {
  for (const field of fields(form)) {
    if ("products" in field.dataset) everyBox(field, (box) => box && new ProductBox(field, box));
  }
}

/** Write an id as people may read it: without the namespace where it is ours. */
export const local = (id) => /#(e[0-9a-f]{32}.*)$/.exec(id)?.[1] ?? id;

export function size(bytes) {
  if (bytes === undefined) return "";
  const rank = Math.min(Math.max(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), 0), UNITS.length - 1);
  return `${Number((bytes / 1000 ** rank).toPrecision(3))} ${UNITS[rank]}`;
}

/** Say what a product is, in one line. */
export function describe({ attributes, time }) {
  const { content_type: type, size: bytes } = attributes;
  return [type, size(bytes), time && ago(new Date(time))].filter(Boolean).join(" · ");
}

function taken(field) {
  const types = field.dataset.products.split(",").map((one) => one.split(";")[0].trim().toLowerCase());
  if (types.some((one) => ANYTHING.includes(one))) return [];
  return types.some((one) => FITS.includes(one)) ? [...new Set([...types, ...FITS])] : types;
}

/** Make the question for what is typed; null where nothing is to be looked for. */
function asked(text, types) {
  const query = { class: "entity", sort: "-time", limit: MOST, fields: "attributes" };
  if (types.length) query["content-type"] = types.join(",");
  const word = text.trim().replaceAll('"', "");
  if (!word) return types.length ? query : null;
  if (/^[0-9a-f]{64}$/i.test(word)) return { ...query, sha256: word };
  if (/^(?:e[0-9a-f]{32}|urn:|id:|ivo:)/.test(word)) return { class: "entity", id: `"${word}"`, fields: "attributes" };
  if (/^[a-z]+:\/\//i.test(word)) return null;
  const stem = word.replace(/\..*$/, ""); // products are called as their results, their files have endings
  return { ...query, name: stem && stem !== word ? `"${word}*","${stem}*"` : `"${word}*"` };
}

/** Tell whether a product is what is typed: ids and hashes were asked for whole. */
function fits({ label, attributes }, text) {
  const word = text.trim().replaceAll('"', "");
  return !word.includes(".") || /^e[0-9a-f]{32}|^urn:|^id:/.test(word) || [label, attributes.name, attributes.file_name].some((one) => one?.startsWith(word));
}

class ProductBox {
  #field;
  #box;
  #list;
  #note = make("span", { class: "named" });
  #items = [];
  #active = -1;
  #timer = 0;
  #stop = new AbortController();

  constructor(field, box) {
    this.#field = field;
    this.#box = box;
    const name = box.getAttribute("aria-label") ?? field.dataset.label;
    this.#list = make("ul", { role: "listbox", id: `products-${(boxes += 1)}`, "aria-label": `Products for ${name}`, hidden: true });
    const roles = { role: "combobox", "aria-expanded": "false", "aria-controls": this.#list.id, "aria-autocomplete": "list" };
    for (const [key, value] of Object.entries({ ...roles, spellcheck: "false" })) box.setAttribute(key, value);
    const place = make("span", { class: "combo" });
    box.replaceWith(place);
    place.append(box, this.#list, this.#note);
    box.addEventListener("input", (event) => event.isTrusted && this.#soon());
    box.addEventListener("keydown", (event) => this.#key(event));
    box.addEventListener("blur", () => this.#close());
    box.addEventListener("change", () => this.#name());
    box.form.addEventListener("reset", () => setTimeout(() => this.#name()));
    this.#list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.#list.addEventListener("click", (event) => this.#choose(this.#items[event.target.closest("li")?.dataset.place]));
    this.#name();
  }

  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), PAUSE);
  }

  async #look() {
    const query = asked(this.#box.value, taken(this.#field));
    if (!query) return this.#close();
    this.#stop.abort();
    const { signal } = (this.#stop = new AbortController());
    const found = await server.ask("/prov/search", { query, signal }).catch(() => null);
    if (signal.aborted || !found || document.activeElement !== this.#box) return;
    this.#show(found.items.filter((one) => !one.attributes.invalidated_at && fits(one, this.#box.value)));
  }

  #show(items) {
    this.#items = items;
    this.#active = -1;
    this.#list.replaceChildren(...items.map((one, place) => this.#option(one, place)));
    const open = items.length > 0;
    this.#list.hidden = !open;
    this.#box.setAttribute("aria-expanded", String(open));
    this.#box.removeAttribute("aria-activedescendant");
    say(open ? `${items.length} products, choose by the arrow keys` : "No product begins so");
  }

  #option(one, place) {
    const named = one.attributes.file_name ?? one.label;
    const about = make("small", {}, [named !== one.label && one.label, describe(one)].filter(Boolean).join(" · "));
    return make("li", { role: "option", id: `${this.#list.id}-${place}`, "data-place": String(place), "aria-selected": "false" }, make("span", {}, named), about);
  }

  #key(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps) {
      event.preventDefault();
      if (this.#list.hidden) this.#look();
      else this.#move(steps[event.key]);
    } else if (event.key === "Enter" && !this.#list.hidden) {
      event.preventDefault();
      this.#choose(this.#items[Math.max(this.#active, 0)]);
    } else if (event.key === "Escape" && !this.#list.hidden) {
      event.stopPropagation();
      this.#close();
    }
  }

  #move(step) {
    const options = [...this.#list.children];
    this.#active = (this.#active + step + options.length + (this.#active < 0 && step < 0 ? 1 : 0)) % options.length;
    options.forEach((one, place) => one.setAttribute("aria-selected", String(place === this.#active)));
    this.#box.setAttribute("aria-activedescendant", options[this.#active].id);
    options[this.#active].scrollIntoView({ block: "nearest" });
  }

  #choose(one) {
    if (!one) return;
    this.#close();
    fillIn(this.#box, local(one.id));
    this.#tell(one);
    say(`${one.label} is chosen`);
  }

  #close() {
    clearTimeout(this.#timer);
    this.#stop.abort();
    this.#list.hidden = true;
    this.#box.setAttribute("aria-expanded", "false");
    this.#box.removeAttribute("aria-activedescendant");
  }

  /** Say what an id stands for. */
  async #name() {
    const text = this.#box.value.trim();
    this.#note.replaceChildren();
    if (!/^(?:e[0-9a-f]{32}|urn:|id:)/.test(text)) return;
    const query = { class: "entity", id: `"${text}"`, fields: "attributes" };
    const found = await server.ask("/prov/search", { query }).catch(() => null);
    if (found?.items.length && this.#box.value.trim() === text) this.#tell(found.items[0]);
  }

  #tell(one) {
    const link = make("a", { href: `${base}/product?id=${encodeURIComponent(local(one.id))}` }, one.attributes.file_name ?? one.label);
    this.#note.replaceChildren(link, ` ${describe(one)}`);
  }
}
