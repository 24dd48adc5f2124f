// A file dropped on the search box, or chosen beside it, is looked up by its hash; the file itself is sent only if
// nobody knows the hash: it may be a copy that carries its provenance.
import { base, server } from "./server.js";
import { say } from "./copy.js";
import { sha256Of } from "./hash.js";

const MOST_SENT = 64 * 2 ** 20;

export function findByFile() {
  const form = document.querySelector("form.finder");
  if (!form) return;
  for (const kind of ["dragenter", "dragover"]) {
    form.addEventListener(kind, (event) => {
      event.preventDefault();
      form.classList.add("over");
    });
  }
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("over");
    const file = event.dataTransfer.files[0];
    if (file) lookUp(form, file);
  });
  form.append(chooser(form));
  for (const kind of ["dragover", "drop"]) addEventListener(kind, keepPage);
}

/** A file that misses the box would take the place of the page, and of what is written in it. */
function keepPage(event) {
  if (event.defaultPrevented || !event.dataTransfer?.types.includes("Files") || event.target.closest?.("input, textarea")) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "none";
}

/** The same for those who have no file to drag, or no pointer. */
function chooser(form) {
  const label = Object.assign(document.createElement("label"), { className: "button plain small", textContent: "File…", title: "Find the record of a file" });
  const input = Object.assign(document.createElement("input"), { type: "file", className: "unseen", ariaLabel: "Find the record of a file" });
  input.addEventListener("change", () => input.files[0] && lookUp(form, input.files[0]));
  label.append(input);
  return label;
}

async function lookUp(form, file) {
  const box = form.elements.q;
  const before = box.placeholder;
  box.value = "";
  tell(box, `Looking for ${file.name}…`);
  try {
    const digest = await sha256Of(file, (part) => (box.placeholder = `Reading ${file.name}: ${Math.floor(100 * part)} %`));
    if (file.size > MOST_SENT || (await isKnown(digest))) location.assign(`${base}/search?${new URLSearchParams({ q: digest })}`);
    else send(file);
  } catch (error) {
    tell(box, `${file.name} can't be looked for: ${error.message}`);
    box.addEventListener("input", () => (box.placeholder = before), { once: true });
  }
}

function tell(box, words) {
  box.placeholder = words;
  say(words);
}

async function isKnown(digest) {
  const found = await server.query("search", { class: "entity", sha256: digest, limit: 1 });
  return found.items.length > 0;
}

/** Send a file as the form of the search page does. */
function send(file) {
  const form = Object.assign(document.createElement("form"), { method: "post", action: `${base}/search`, enctype: "multipart/form-data", hidden: true });
  const input = Object.assign(document.createElement("input"), { type: "file", name: "file" });
  const kept = new DataTransfer();
  kept.items.add(file);
  input.files = kept.files;
  const token = document.querySelector('meta[name="csrf-token"]')?.content;
  if (token) form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "csrf_token", value: token }));
  form.append(input);
  document.body.append(form);
  form.submit();
}
