// A chosen file whose very bytes the store knows is offered as what it is, so that lineage meets there.
import { controlOf, fields, fileOf, fillIn, make, textOf } from "./fields.js";
import { describe, local, size } from "./products.js";
import { base, server } from "../server.js";
import { sha256Of } from "../hash.js";
import { ago } from "../times.js";
import { say } from "../copy.js";

const TINY = 64;
const FEW = 5; // so many files are named at once: what is found later moves nothing under the pointer
const known = new WeakMap(); // File -> id of the product with these bytes

/** Give the products that chosen files are known to be; null for those of which nothing is known. */
export const productsOf = (field) => [...(fileOf(field)?.files ?? [])].map((file) => known.get(file) ?? null);

export function recognizeFiles(form) {
  for (const field of fields(form)) {
    const input = fileOf(field);
    if (!input) continue;
    const place = make("div", { class: "known" });
    input.after(place);
    input.addEventListener("change", () => recognize(field, input, place));
    form.addEventListener("reset", () => place.replaceChildren());
  }
}

async function recognize(field, input, place) {
  const files = [...input.files];
  const notes = new Map(files.map((file) => [file, make("p", { class: "note" }, `${file.name} (${size(file.size)})`)]));
  place.replaceChildren(...(files.length > FEW ? [] : notes.values()));
  for (const [file, note] of notes) {
    if (file.size < TINY) continue;
    const product = await lookUp(file).catch(() => null);
    if (!product || ![...input.files].includes(file)) continue;
    known.set(file, product.id);
    await offer(field, input, file, product, note);
    place.append(...(files.length > FEW ? [note] : []));
    say(`${file.name} is known here`);
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

async function lookUp(file) {
  const sha256 = await sha256Of(file);
  const { items } = await server.ask("/prov/search", { query: { class: "entity", sha256, fields: "attributes", limit: 20 } });
  const here = items.filter(({ id, attributes }) => local(id) !== id && attributes.location && !attributes.invalidated_at);
  return here.find(({ attributes }) => attributes.generated_at) ?? here[0];
}

async function offer(field, input, file, product, note) {
  const link = make("a", { href: `${base}/product?id=${encodeURIComponent(local(product.id))}` }, product.attributes.file_name ?? product.label);
  const use = make("button", { type: "button", class: "small" }, "Link it instead of sending it");
  note.replaceChildren(`${file.name} (${size(file.size)}) is known here: it is `, link, await maker(product), ". ", use);
  use.addEventListener("click", () => {
    take(field, product);
    without(input, file);
    note.replaceChildren(link, " is linked: nothing of it is sent.");
    say(`${product.label} is linked`);
  });
}

/** Say by whom a product was made, and when. */
async function maker(product) {
  const around = await server.lineage(local(product.id), { direction: "up", depth: 1 }).catch(() => null);
  const made = around?.relations.find((one) => one.kind.toUpperCase().replaceAll("_", "") === "WASGENERATEDBY" && one.source === product.id);
  const by = around?.nodes.find((one) => one.id === made?.target);
  const when = product.attributes.generated_at;
  return by ? `, made by ${by.label}${when ? ` ${ago(new Date(when))}` : ""}` : ` (${describe(product)})`;
}

function take(field, product) {
  const before = "multiple" in field.dataset ? textOf(field).trim() : "";
  const mark = before.includes(",") ? "," : " ";
  fillIn(controlOf(field), before ? `${before}${mark}${local(product.id)}` : local(product.id));
}

function without(input, file) {
  const left = new DataTransfer();
  for (const one of input.files) if (one !== file) left.items.add(one);
  input.files = left.files;
}
