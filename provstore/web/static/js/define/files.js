// Files that come with a definition: which inputs want one, which the server has, and which were chosen here.
const NONE = "None: no input has a file as its default.";
const UNITS = ["B", "kB", "MB", "GB"];

export class Files {
  /** @param {HTMLElement} list; @param draft what is being edited */
  constructor(list, draft) {
    Object.assign(this, { list, draft });
    list.addEventListener("change", (event) => this.#chosen(event.target));
    list.addEventListener("click", (event) => this.#remove(event.target.closest("[data-file]")));
  }

  /** Show what there is now. */
  show() {
    const { wanted, files, document: definition } = this.draft;
    const names = new Set([...wanted.keys(), ...Object.keys(definition.files ?? {}), ...files.keys()]);
    document.querySelector('[data-count="files"]').textContent = names.size || "";
    if (names.size) this.list.replaceChildren(...[...names].map((name) => this.#entry(name)));
    else this.list.replaceChildren(Object.assign(document.createElement("li"), { className: "none", textContent: NONE }));
  }

  #entry(name) {
    const { wanted, files, document: definition } = this.draft;
    const item = document.createElement("li");
    const title = Object.assign(document.createElement("span"), { className: "id", textContent: name });
    const file = files.get(name);
    const here = definition.files?.[name];
    const state = file ? `chosen, ${sized(file.size)}` : here ? `with the definition, sha256 ${here.slice(0, 8)}…` : "not here: each job has to bring it";
    const use = wanted.has(name) ? `default of ${wanted.get(name)}` : "no input names it";
    const words = Object.assign(document.createElement("span"), { className: "none", textContent: `${use}; ${state}`, title: here ?? "" });
    item.append(title, words, chooser(name, Boolean(file || here)));
    if ((file || here) && !wanted.has(name)) item.append(remover(name));
    return item;
  }

  #chosen(input) {
    if (!input.files?.length) return;
    this.draft.files.set(input.dataset.choose, input.files[0]);
    this.draft.changed();
  }

  #remove(button) {
    if (!button) return;
    this.draft.files.delete(button.dataset.file);
    delete this.draft.document.files?.[button.dataset.file];
    this.draft.changed();
  }
}

function chooser(name, replaces) {
  const label = Object.assign(document.createElement("label"), { className: "button plain small" });
  const input = Object.assign(document.createElement("input"), { type: "file", className: "unseen" });
  input.dataset.choose = name;
  input.setAttribute("aria-label", `${replaces ? "Replace" : "Choose"} ${name}`);
  label.append(replaces ? "Replace" : "Choose", input);
  return label;
}

function remover(name) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "link", textContent: "Remove" });
  button.dataset.file = name;
  button.setAttribute("aria-label", `Remove ${name}`);
  return button;
}

function sized(bytes) {
  let unit = 0;
  for (; bytes >= 1000 && unit < UNITS.length - 1; unit += 1) bytes /= 1000;
  return `${unit ? bytes.toFixed(1) : bytes} ${UNITS[unit]}`;
}
