// Parameters, inputs and results as rows: added, moved by buttons, keys or dragging, duplicated, removed and brought back.
import { say } from "../copy.js";
import { offerEmpty, showAll } from "./fields.js";

const items = new WeakMap();
const NEW = {
  parameters: {
    name: "", datatype: "char", arraysize: "*", unit: "", ucd: "", utype: "", xtype: "", default: null, required: true,
    min: "", max: "", options: [], description: "", type: "",
  },
  used: {
    name: "", role: "", content_type: "", multiplicity: "1", default: "", url: "file://$ID", description: "", type: "",
    ref: "", extra: [],
  },
  generated: {
    name: "", role: "", content_type: "", multiplicity: "1", default: "", description: "", type: "", ref: "",
    derived_from: null, obscore: {}, extra: [],
  },
};
const PRESETS = { config: { type: "ConfigFile", role: "configuration" } };
let made = 0;

/** The item that a row shows. */
export const itemOf = (row) => items.get(row);

/** Whether an element is the row of an item. */
export const rowOf = (item, list) => [...list.children].find((row) => items.get(row) === item);

export class Rows {
  /** @param {HTMLOListElement} list where the rows stand; @param draft what is being edited */
  constructor(list, draft) {
    Object.assign(this, { list, draft, key: list.dataset.rows, one: list.dataset.one });
    this.template = document.querySelector(`template[data-template="${this.key}"]`);
    list.addEventListener("click", (event) => this.#press(event.target.closest("[data-do]")));
    list.addEventListener("keydown", (event) => this.#steer(event));
    this.#letDrag();
    this.show();
  }

  get all() {
    return this.draft.document[this.key];
  }

  /** Show all items anew. */
  show() {
    this.list.replaceChildren(...this.all.map((item) => this.#row(item)));
    this.tell();
  }

  /** Number the rows, and name them; at the ends there is no way further. */
  tell() {
    const rows = [...this.list.querySelectorAll("[data-row]")];
    for (const [index, row] of rows.entries()) {
      const item = items.get(row);
      row.querySelector("[data-number]").textContent = `${index + 1}.`;
      row.querySelector("[data-title]").textContent = item.name || `new ${this.one}`;
      row.querySelector("[data-tools]").setAttribute("aria-label", item.name || `new ${this.one}`);
      row.querySelector('[data-do="up"]').disabled = index === 0;
      row.querySelector('[data-do="down"]').disabled = index === rows.length - 1;
      offerEmpty(row, item);
    }
    const count = document.querySelector(`[data-count="${this.key}"]`);
    count.textContent = rows.length || "";
  }

  /** Add an item at the end, and lead there. */
  add(preset) {
    const item = { ...structuredClone(NEW[this.key]), ...PRESETS[preset] };
    this.all.push(item);
    const row = this.#row(item);
    this.list.append(row);
    this.#changed();
    row.querySelector("[data-key]").focus();
  }

  #row(item) {
    const row = this.template.content.firstElementChild.cloneNode(true);
    const own = `r${(made += 1)}`;
    for (const element of row.querySelectorAll("[id], [for], [aria-describedby]")) {
      for (const name of ["id", "for", "aria-describedby"]) {
        const text = element.getAttribute(name);
        if (text) element.setAttribute(name, text.replaceAll("ROW", own));
      }
    }
    items.set(row, item);
    showAll(row, item);
    const kept = row.querySelector("[data-kept]");
    kept.hidden = !item.extra?.length;
    kept.textContent = `Kept as it is: ${(item.extra ?? []).map((one) => `${one.name} = ${one.value}`).join(", ")}`;
    return row;
  }

  #press(button) {
    if (!button) return;
    const row = button.closest("li");
    if (button.dataset.do === "back") return this.#bringBack(row);
    const deeds = { up: () => this.#move(row, -1), down: () => this.#move(row, 1) };
    deeds.duplicate = () => this.#duplicate(row);
    deeds.remove = () => this.#remove(row);
    deeds[button.dataset.do]();
    if (button.isConnected) (button.disabled ? row.querySelector("[data-do]:enabled") ?? row : button).focus();
  }

  #steer(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const row = event.target.closest("[data-row]");
    if (!event.altKey || !step || !row) return;
    event.preventDefault();
    this.#move(row, step);
    event.target.focus();
  }

  #move(row, step) {
    const item = items.get(row);
    const from = this.all.indexOf(item);
    if (!(from + step in this.all)) return;
    this.#place(item, this.all[from + step], step > 0);
  }

  /** Put an item before another one, or after it. */
  #place(item, other, after) {
    this.all.splice(this.all.indexOf(item), 1);
    this.all.splice(this.all.indexOf(other) + (after ? 1 : 0), 0, item);
    rowOf(other, this.list)[after ? "after" : "before"](rowOf(item, this.list));
    this.#changed();
    say(`${item.name || `new ${this.one}`} is now ${this.all.indexOf(item) + 1} of ${this.all.length}`);
  }

  #duplicate(row) {
    const item = items.get(row);
    const names = new Set(this.all.map((one) => one.name));
    const copy = structuredClone(item);
    for (let number = 2; item.name && names.has(copy.name); number += 1) copy.name = `${item.name}_${number}`;
    this.all.splice(this.all.indexOf(item) + 1, 0, copy);
    const next = this.#row(copy);
    row.after(next);
    this.#changed();
    next.querySelector("[data-key]").focus();
  }

  #remove(row) {
    const item = items.get(row);
    const gone = document.createElement("li");
    gone.className = "gone";
    const back = Object.assign(document.createElement("button"), { type: "button", className: "link", textContent: "Undo" });
    back.dataset.do = "back";
    gone.append(`${item.name || `new ${this.one}`} removed `, back);
    items.set(gone, { item, index: this.all.indexOf(item) });
    this.all.splice(this.all.indexOf(item), 1);
    for (const other of this.list.querySelectorAll(".gone")) other.remove();
    row.replaceWith(gone);
    this.#changed();
    back.focus();
  }

  #bringBack(gone) {
    const { item, index } = items.get(gone);
    this.all.splice(Math.min(index, this.all.length), 0, item);
    this.show();
    this.#changed();
    rowOf(item, this.list).querySelector("[data-key]").focus();
  }

  #letDrag() {
    let dragged = null;
    this.list.addEventListener("pointerdown", (event) => {
      const grip = event.target.closest(".grip");
      if (grip) grip.closest("[data-row]").draggable = true;
    });
    this.list.addEventListener("dragstart", (event) => {
      dragged = event.target.closest?.("[data-row]");
      event.dataTransfer.effectAllowed = "move";
      dragged?.classList.add("dragged");
    });
    this.list.addEventListener("dragover", (event) => {
      const over = event.target.closest("[data-row]");
      if (!dragged || !over || over === dragged) return;
      event.preventDefault();
      mark(this.list, over, isBelow(event, over));
    });
    this.list.addEventListener("drop", (event) => {
      const over = event.target.closest("[data-row]");
      if (!dragged || !over || over === dragged) return;
      event.preventDefault();
      this.#place(items.get(dragged), items.get(over), isBelow(event, over));
    });
    this.list.addEventListener("dragend", () => {
      mark(this.list, null, false);
      dragged?.classList.remove("dragged");
      if (dragged) dragged.draggable = false;
      dragged = null;
    });
  }

  #changed() {
    this.tell();
    this.draft.changed();
  }
}

function isBelow(event, row) {
  const { top, height } = row.getBoundingClientRect();
  return event.clientY > top + height / 2;
}

function mark(list, row, below) {
  for (const one of list.children) one.classList.remove("above", "below");
  row?.classList.add(below ? "below" : "above");
}
