// A field that may have several values: one row each, to be added and removed. The field itself keeps them, out of sight.
import { controlOf, fields, fillIn, labelOf, make, partsOf } from "./fields.js";
import { say } from "../copy.js";

/** Spread what may be plural into rows; give a function that calls for every box of a field, now and later. */
export function spreadItems(form) {
  const known = new Map();
  for (const field of fields(form)) {
    if (!("multiple" in field.dataset || "array" in field.dataset) || field.dataset.widget === "textarea") continue;
    const control = controlOf(field);
    if (control?.tagName === "INPUT") known.set(field, new Items(field, control));
  }
  form.addEventListener("reset", () => setTimeout(() => known.forEach((one) => one.show())));
  return (field, each) => (known.has(field) ? known.get(field).each(each) : each(controlOf(field)));
}

/** A comma parts values; in an address it is written otherwise. */
const apart = (text) => (/^https?:/i.test(text) ? text.replaceAll(",", "%2C") : text);

class Items {
  #field;
  #control;
  #rows = make("div", { class: "items" });
  #add = make("button", { type: "button", class: "plain small" }, "Add another");
  #watchers = [];

  constructor(field, control) {
    this.#field = field;
    this.#control = control;
    control.hidden = true;
    control.after(this.#rows, this.#add);
    this.#add.addEventListener("click", () => this.#row("").focus());
    control.addEventListener("change", (event) => event.target === control && !this.#joining && this.show());
    this.show();
  }

  #joining = false;

  /** Call for every box there is, and for every one to come. */
  each(watcher) {
    this.#watchers.push(watcher);
    for (const box of this.#boxes) watcher(box);
  }

  /** Show the values of the field. */
  show() {
    this.#rows.replaceChildren();
    for (const one of partsOf(this.#field, this.#control.value)) this.#row(one);
    if (!this.#boxes.length) this.#row("");
  }

  get #boxes() {
    return [...this.#rows.querySelectorAll("input")];
  }

  #row(text) {
    const box = make("input", { value: text, autocomplete: "off", placeholder: this.#control.placeholder || null });
    if ("array" in this.#field.dataset) box.inputMode = "decimal";
    box.setAttribute("aria-describedby", this.#control.getAttribute("aria-describedby") ?? "");
    const remove = make("button", { type: "button", class: "plain small" }, "Remove");
    const row = make("span", { class: "item" }, box, remove);
    remove.addEventListener("click", () => this.#without(row));
    box.addEventListener("input", () => this.#join());
    box.addEventListener("change", () => this.#join("change"));
    box.addEventListener("paste", (event) => this.#pasted(event, box));
    this.#rows.append(row);
    this.#number();
    for (const watcher of this.#watchers) watcher(box);
    return box;
  }

  #pasted(event, box) {
    const parts = partsOf(this.#field, event.clipboardData.getData("text"));
    if (parts.length < 2) return;
    event.preventDefault();
    const before = this.#boxes.filter((one) => one !== box || one.value).map((one) => one.value);
    this.#set([...before.filter(Boolean), ...parts]);
    say(`${parts.length} values`);
  }

  #without(row) {
    const place = [...this.#rows.children].indexOf(row);
    row.remove();
    if (!this.#boxes.length) this.#row("");
    this.#number();
    this.#join("change");
    this.#boxes[Math.max(place - 1, 0)].focus();
  }

  #set(values) {
    fillIn(this.#control, values.join(this.#mark));
  }

  get #mark() {
    return "multiple" in this.#field.dataset && this.#boxes.some((box) => /\s/.test(box.value.trim())) ? "," : " ";
  }

  #join(kind = "input") {
    const values = this.#boxes.map((box) => box.value.trim()).filter(Boolean).map(apart);
    this.#joining = true;
    this.#control.value = values.join(this.#mark) + (this.#mark === "," && values.length === 1 ? "," : "");
    this.#control.dispatchEvent(new Event(kind, { bubbles: true }));
    this.#joining = false;
  }

  #number() {
    const most = Number(this.#field.dataset.most || (/^\d+$/.test(this.#field.dataset.array ?? "") && this.#field.dataset.array) || Infinity);
    this.#boxes.forEach((box, place) => {
      const name = `${labelOf(this.#field)}, ${place + 1}`;
      box.setAttribute("aria-label", name);
      box.closest(".item").querySelector("button").setAttribute("aria-label", `Remove ${name}`);
    });
    this.#add.hidden = this.#boxes.length >= most;
  }
}
