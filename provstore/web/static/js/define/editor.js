// The editor of a definition: its parts are the modules beside this one; here they are put together.
import { say } from "../copy.js";
import { confirmed } from "../confirm.js";
import { ago } from "../times.js";
import { Checks } from "./checks.js";
import { offerEmpty, showAll, told } from "./fields.js";
import { Files } from "./files.js";
import { showProblems } from "./problems.js";
import { itemOf, Rows } from "./rows.js";
import { Script } from "./script.js";
import { offerProposing } from "./proposing.js";
import { exportAs, importFiles } from "./send.js";
import { Draft } from "./state.js";

const root = document.getElementById("define");
const draft = new Draft(root.dataset);
const kept = draft.restore();
const at = (id) => document.getElementById(id);
let touched = Boolean(draft.service || root.dataset.of || kept);
const facts = root.querySelectorAll("#s-about, #s-script");

const rows = [...root.querySelectorAll("[data-rows]")].map((list) => new Rows(list, draft));
const lists = Object.fromEntries(rows.map((one) => [one.key, one.list]));
const files = new Files(at("shipped"), draft);
const script = new Script(at("script"), at("script-colours"));
const checks = new Checks(draft, { form: at("form"), found });

/** Show everything anew. */
function showWhole() {
  for (const part of facts) showAll(part, draft.document);
  for (const one of rows) one.show();
  const extra = root.querySelector("#s-about > [data-kept]");
  extra.hidden = !draft.document.extra?.length;
  extra.textContent = `Kept as it is: ${(draft.document.extra ?? []).map((one) => `${one.name} = ${one.value}`).join(", ")}`;
  follow();
}

/** Show what depends on the rest. */
function follow() {
  files.show();
  script.show(draft.document.script_language);
  const { parameters, used, generated } = draft.document;
  const names = [...parameters, ...used, ...generated].map((one) => one.name).filter(Boolean);
  at("variables").textContent = [...new Set(names)].map((one) => `$${one.replace(/[.-]/g, "_")}`).join(" ") || "none yet";
  for (const [list, items] of [["parameters", parameters], ["results", generated]]) {
    at(`suggested-${list}`).replaceChildren(...items.map((one) => new Option(one.name, one.name)));
  }
}

/** Take what was typed into the definition. */
function take({ target }) {
  const box = target.closest("[data-empty]");
  const control = box ? box.closest(".entry").querySelector("[data-key]") : target.closest("[data-key]");
  if (!control) return;
  const row = control.closest("[data-row]");
  const owner = row ? itemOf(row) : draft.document;
  owner[control.dataset.key] = told(control);
  if (control.dataset.key === "datatype") fitSize(owner, row);
  offerEmpty(row ?? control.closest("section"), owner);
  if (row) rows.find((one) => one.list === row.parentElement).tell();
  draft.changed();
}

/** Text is of any length where nothing is said; a number with that size would be a list of them. */
function fitSize(parameter, row) {
  const text = parameter.datatype === "char" || parameter.datatype === "unicodeChar";
  if (text && !parameter.arraysize) parameter.arraysize = "*";
  else if (!text && parameter.arraysize === "*") parameter.arraysize = "";
  row.querySelector('[data-key="arraysize"]').value = parameter.arraysize;
}

function found(problems, words) {
  if (!touched) return; // nobody is told what is wrong with what he has not written yet
  at("verdict").textContent = words;
  showProblems(problems, { root, lists, lead });
  script.mark(problems.filter((one) => one.key === "script" && one.line).map((one) => one.line));
}

/** Go to where a problem is. */
function lead(element, line) {
  for (let one = element.closest("details"); one; one = one.parentElement.closest("details")) one.open = true;
  if (line && element === at("script")) return script.goTo(line);
  if (element.matches("section, li")) element.tabIndex = -1;
  element.scrollIntoView({ block: "center" });
  element.focus({ preventScroll: true });
}

async function takeIn(chosen) {
  const sure = !draft.differs || (await confirmed("What you have written is replaced by the file.", "Replace"));
  if (!chosen.length || !sure) return;
  try {
    const repairs = await importFiles(draft, chosen);
    at("repairs").hidden = repairs.length === 0;
    const told = repairs.map((one) => Object.assign(document.createElement("li"), { textContent: repaired(one) }));
    const list = document.createElement("ul");
    list.append(...told);
    at("repairs").replaceChildren("Read with repairs:", list);
    say(`Imported ${draft.document.name}`);
  } catch (error) {
    at("repairs").hidden = false;
    at("repairs").textContent = error.message;
  }
}

const repaired = ({ line, what, how }) => `${line ? `line ${line}: ` : ""}${what}; ${how}`;

function offerFormerDraft() {
  if (!kept) return;
  const note = at("restored");
  const newer = draft.base !== draft.newest ? ` It was made from ${draft.base || "nothing"}; ${draft.newest} is the newest now.` : "";
  const discard = Object.assign(document.createElement("button"), { type: "button", className: "link", textContent: "Discard it" });
  discard.addEventListener("click", () => {
    draft.base = draft.newest;
    draft.replace(JSON.parse(root.dataset.document));
    draft.forget();
    note.hidden = true;
  });
  note.replaceChildren(`This is your draft of ${ago(kept)}.${newer} `, discard);
  note.hidden = false;
}

draft.addEventListener("replaced", showWhole);
let frame = 0;
draft.addEventListener("changed", () => {
  touched = true;
  cancelAnimationFrame(frame);
  frame = requestAnimationFrame(follow);
  checks.soon();
});
draft.addEventListener("kept", (event) => (at("kept").textContent = event.detail));
for (const kind of ["input", "change"]) root.addEventListener(kind, take);
root.addEventListener("click", (event) => {
  const { add, preset } = event.target.closest("[data-add]")?.dataset ?? {};
  if (add) rows.find((one) => one.key === add).add(preset);
});
addEventListener("beforeunload", (event) => draft.differs && event.preventDefault());

at("import").addEventListener("change", async ({ target }) => {
  const chosen = [...target.files];
  target.value = "";
  await takeIn(chosen);
});
for (const kind of ["dragover", "drop"]) {
  root.addEventListener(kind, (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    if (kind === "drop") takeIn([...event.dataTransfer.files]);
  });
}
for (const button of document.querySelectorAll("[data-export]")) {
  button.addEventListener("click", async () => {
    button.closest("details").open = false;
    const sent = exportAs(draft, button.dataset.export);
    await sent.catch(async () => (await checks.now(), lead(at("s-checks")))); // what can't be read, can't be written
  });
}
offerProposing(draft, { check: () => checks.now(), lead: () => lead(at("s-checks")) });
showWhole();
offerFormerDraft();
for (const part of [root, at("tools"), document.querySelector("[data-needs-script]")]) if (part) part.hidden = false;
script.show(draft.document.script_language);
checks.now();
