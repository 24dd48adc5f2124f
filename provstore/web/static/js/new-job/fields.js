// The fields of the form, as the other modules see them: an element, what it holds, what is wrong with it.
export const fields = (form) => [...form.querySelectorAll(".field[data-name]")];
export const labelOf = (field) => field.dataset.label;

/** The control that holds the text of a field; of a choice the first button. */
export function controlOf(field) {
  const { name } = field.dataset;
  return field.querySelector(`[id="r-${name}"]`) ?? field.querySelector(`[id="f-${name}"], input[type=radio]`);
}

export const fileOf = (field) => field.querySelector("input[type=file]");

/** What a field holds as text. */
export function textOf(field) {
  const chosen = field.querySelector("input[type=radio]:checked");
  if (chosen || field.dataset.widget === "checkbox") return chosen?.value ?? "";
  return controlOf(field)?.value ?? "";
}

/** The parts of the text, as the server parts them. */
export function partsOf(field, text = textOf(field)) {
  const many = "multiple" in field.dataset;
  const parts = many && text.includes(",") ? text.split(",") : "array" in field.dataset || many ? text.split(/\s+/) : [text];
  return parts.map((one) => one.trim()).filter(Boolean);
}

/** Put a text in, as if it had been typed. */
export function fillIn(control, text) {
  control.value = text;
  control.dispatchEvent(new Event("input", { bubbles: true }));
  control.dispatchEvent(new Event("change", { bubbles: true }));
}

/** Say beside a field what is wrong; nothing takes it back. */
export function blame(field, words) {
  const place = field.querySelector(".wrong");
  if (place.textContent.trim() !== words) place.textContent = words ? `${words} ` : "";
  field.classList.toggle("failed", Boolean(words));
  for (const one of field.querySelectorAll("input, select, textarea, fieldset")) {
    if (words) one.setAttribute("aria-invalid", "true");
    else one.removeAttribute("aria-invalid");
  }
}

/** Go to a field, wherever it is folded away. */
export function goTo(field) {
  const folded = field.closest("details");
  if (folded) folded.open = true;
  const target = [...field.querySelectorAll("input, select, textarea")].find((one) => !one.hidden);
  target?.focus({ preventScroll: true });
  field.scrollIntoView({ block: "center", behavior: calm() ? "auto" : "smooth" });
}

export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Make an element: make("button", {type: "button", class: "small"}, "Add"). */
export function make(name, attributes = {}, ...content) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...content);
  return made;
}
