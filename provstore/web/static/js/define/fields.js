// How members of a definition's JSON stand in controls, by data-kind; pages/editor_fields.py has the same words.
const lines = (text) => text.split("\n").map((one) => one.trim()).filter(Boolean);
const pair = (line) => line.split(/=(.*)/s, 2).map((one) => one.trim());
const pairs = (text) => Object.fromEntries(lines(text).map(pair).map(([name, value = ""]) => [name, value]));

const KINDS = {
  flag: { show: (control, value) => (control.checked = value), told: (control) => control.checked },
  seconds: {
    show: (control, value) => (control.value = value ?? ""),
    told: (control) => (control.value === "" ? null : Number(control.value)),
  },
  lines: { show: (control, value) => (control.value = value.join("\n")), told: (control) => lines(control.value) },
  pairs: {
    show: (control, value) => (control.value = Object.entries(value).map((one) => one.join(" = ")).join("\n")),
    told: (control) => pairs(control.value),
  },
  choice: { show: choose, told: (control) => control.value },
  maybe: {
    show: (control, value) => tick(control, value ?? "", value === ""),
    told: (control) => (control.value === "" && !ticked(control) ? null : control.value),
  },
  "maybe-lines": {
    show: (control, value) => tick(control, (value ?? []).join("\n"), value?.length === 0),
    told: (control) => (lines(control.value).length === 0 && !ticked(control) ? null : lines(control.value)),
  },
};
const PLAIN = { show: (control, value) => (control.value = value ?? ""), told: (control) => control.value };

/** Show a value in a control. */
export function show(control, value) {
  (KINDS[control.dataset.kind] ?? PLAIN).show(control, value);
}

/** Give the value that a control tells. */
export function told(control) {
  return (KINDS[control.dataset.kind] ?? PLAIN).told(control);
}

/** Show the members of an object in the controls below an element, and offer what an empty one may mean. */
export function showAll(below, object) {
  for (const control of below.querySelectorAll("[data-key]")) show(control, object[control.dataset.key]);
  offerEmpty(below, object);
}

/** The box "the empty text" is there only where it says something. */
export function offerEmpty(below, object) {
  for (const box of below.querySelectorAll("[data-empty]")) {
    const control = below.querySelector(`[data-key="${box.dataset.empty}"]`);
    const text = control.dataset.kind !== "maybe" || object.datatype === "char" || object.datatype === "unicodeChar";
    box.parentElement.hidden = control.value.trim() !== "" || !(text || box.checked);
  }
}

/** A value that is none of the choices becomes one: it is kept as it is. */
function choose(control, value) {
  if (![...control.options].some((one) => one.value === value)) control.add(new Option(value || "none", value));
  control.value = value;
}

function tick(control, text, on) {
  control.value = text;
  boxOf(control).checked = on;
}

const ticked = (control) => boxOf(control).checked;
const boxOf = (control) => control.parentElement.querySelector("[data-empty]");
