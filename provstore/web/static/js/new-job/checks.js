// Ranges and types, told beside the field when it is left, and taken back as soon as it is right.
import { blame, controlOf, fields, fileOf, labelOf, partsOf, textOf } from "./fields.js";

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const WORDS = [
  ["badInput", (one) => (one.type === "number" ? "a number is needed" : "a date and a time are needed")],
  ["rangeUnderflow", (one) => `${one.value} is below ${one.min}`],
  ["rangeOverflow", (one) => `${one.value} is above ${one.max}`],
  ["stepMismatch", (one) => `${one.value} is no whole number`],
  ["typeMismatch", () => "an address is needed, such as https://example.org/a"],
  ["tooLong", (one) => `at most ${one.maxLength} characters are allowed`],
];

/** Say what is wrong with a field, "" if nothing is; `whole`: also that something is missing. */
export function faultOf(field, { whole = true } = {}) {
  const control = controlOf(field);
  if (!control || control.tagName === "OUTPUT") return "";
  const found = WORDS.find(([fault]) => control.validity[fault]);
  if (found) return found[1](control);
  const parts = partsOf(field);
  const count = parts.length + (fileOf(field)?.files.length ?? 0);
  if (whole && "needed" in field.dataset && !count && !textOf(field)) return fileOf(field) ? "a file, an address or an id is needed" : "a value is needed";
  return "array" in field.dataset ? wrongNumber(field, parts) : wrongCount(field, count);
}

function wrongNumber(field, parts) {
  const { min, max, datatype, array } = field.dataset;
  if (datatype === "boolean") return "";
  const bad = parts.find((one) => !NUMBER.test(one));
  if (bad) return `${bad} is no number`;
  const low = min && parts.find((one) => Number(one) < Number(min));
  if (low) return `${low} is below ${min}`;
  const high = max && parts.find((one) => Number(one) > Number(max));
  if (high) return `${high} is above ${max}`;
  return /^\d+$/.test(array) && parts.length && parts.length !== Number(array) ? `${array} values are needed, not ${parts.length}` : "";
}

function wrongCount(field, count) {
  if (!("multiple" in field.dataset)) return fileOf(field)?.files.length && textOf(field) ? "a file is chosen and an id or address is given: one of them is needed" : "";
  const { least, most } = field.dataset;
  if (count && count < Number(least)) return `at least ${least} are needed, not ${count}`;
  return most && count > Number(most) ? `at most ${most} are allowed, not ${count}` : "";
}

/** Check all fields, and give those that are wrong. */
export function checkAll(form) {
  return fields(form).filter((field) => {
    const words = faultOf(field);
    blame(field, words);
    return words;
  });
}

export function checkAsTyped(form) {
  form.noValidate = true;
  form.addEventListener("focusout", ({ target, relatedTarget }) => {
    const field = target.closest?.(".field[data-name]");
    if (field && !field.contains(relatedTarget)) judge(field);
  });
  for (const kind of ["input", "change"]) {
    form.addEventListener(kind, ({ target }) => {
      const field = target.closest(".field[data-name]");
      if (field?.classList.contains("failed")) judge(field);
    });
  }
  form.addEventListener("reset", () => fields(form).forEach((field) => blame(field, "")));
}

function judge(field) {
  blame(field, faultOf(field, { whole: false }));
}

/** Say of fields what is wrong with each: [label, words]. */
export const told = (found) => found.map((field) => [field, labelOf(field), field.querySelector(".wrong").textContent.trim()]);
