// An address that fills the form in as it is now: what is as it would be anyway is left out, and so are files.
import { fields, fileOf, make, textOf } from "./fields.js";
import { base } from "../server.js";
import { offerCopying, say } from "../copy.js";

const LONGEST = 6000; // characters: servers on the way take no longer ones

export function offerLink(form) {
  const button = form.querySelector("[data-link]");
  button.hidden = false;
  button.addEventListener("click", () => show(form, form.querySelector("[data-told]")));
}

function address(form) {
  const from = form.elements.from?.type === "hidden" ? form.elements.from.value : "";
  const made = new URL(`${base}/jobs/new`, location.href);
  made.searchParams.set("service", form.dataset.service);
  if (from) made.searchParams.set("from", from);
  for (const field of fields(form)) {
    const text = textOf(field);
    const usual = from ? null : field.dataset.default;
    if (text !== usual && (text || usual || from)) made.searchParams.set(field.dataset.name, text);
  }
  for (const one of form.querySelectorAll('[name^="obscore."]')) if (one.value) made.searchParams.set(one.name, one.value);
  return made.href;
}

function show(form, place) {
  const link = address(form);
  if (link.length > LONGEST) {
    place.replaceChildren(make("p", { class: "note" }, "These values are too long for a link: save the job as PENDING, and share its page."));
    return say("The values are too long for a link");
  }
  const files = fields(form).some((field) => fileOf(field)?.files.length);
  const copy = make("button", { type: "button", class: "plain small", "data-copy": link, hidden: true }, "Copy");
  place.replaceChildren(make("p", { class: "note" }, make("a", { href: link }, link), " ", copy, files ? " Chosen files are not part of it." : ""));
  offerCopying(place);
  say("The link is below the buttons");
  history.replaceState(null, "", link);
}
