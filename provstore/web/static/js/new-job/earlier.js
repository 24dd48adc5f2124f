// The same work done before: told below the buttons, where its results may do.
import { fields, fileOf, make, partsOf, textOf } from "./fields.js";
import { productsOf } from "./files.js";
import { base, server } from "../server.js";
import { ago } from "../times.js";

const PAUSE = 700;
const MOST = 4000; // characters of values that a question takes

export function offerEarlier(form) {
  const place = make("div", { class: "earlier", "aria-live": "polite" });
  form.querySelector(".sending").append(place);
  let timer = 0;
  let stop = new AbortController();
  const soon = () => {
    clearTimeout(timer);
    stop.abort();
    stop = new AbortController();
    timer = setTimeout(() => look(form, place, stop.signal), PAUSE);
  };
  for (const kind of ["input", "change", "reset"]) form.addEventListener(kind, soon);
  soon();
}

async function look(form, place, signal) {
  const query = work(form);
  const found = query && (await server.ask("/prov/same-work", { query, signal }).catch(() => null));
  if (signal.aborted) return;
  place.replaceChildren(...(found?.items.length ? [told(found.items)] : []));
}

/** Make the question, null where it can't be asked: an input is new, or is no product. */
function work(form) {
  const parameter = [];
  const input = [];
  for (const field of fields(form)) {
    const { group } = field.closest("[data-group]").dataset;
    const text = textOf(field);
    if (group === "parameters" && text) parameter.push(`${field.dataset.name}:${text}`);
    if (group !== "inputs") continue;
    if (!fileOf(field) && text) return null;
    input.push(...productsOf(field), ...partsOf(field));
  }
  const asked = input.every((one) => one && /^(?:e[0-9a-f]{32}|urn:|id:)/.test(one));
  const length = parameter.reduce((sum, one) => sum + one.length, 0);
  return asked && length < MOST ? { description: form.dataset.revision, parameter, input, limit: 20 } : null;
}

function told(items) {
  const last = items.at(-1);
  const id = last.id.slice(last.id.lastIndexOf("#") + 1);
  const job = make("a", { href: `${base}/jobs/${id}` }, "Show its results");
  const when = last.created_at ? ` ${ago(new Date(last.created_at))}` : "";
  return make("p", { class: "note" }, `This very work was done${when}, with the same inputs and parameters. `, job);
}
