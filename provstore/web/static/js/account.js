// <form data-show-passwords>: a button with which one looks at what one types; a secret that was made is read at once.
import { say } from "./copy.js";

for (const form of document.querySelectorAll("form[data-show-passwords]")) {
  const fields = form.querySelectorAll('input[type="password"]');
  const button = Object.assign(document.createElement("button"), {
    type: "button",
    className: "link small shown",
    textContent: fields.length > 1 ? "Show passwords" : "Show password",
  });
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => show(button, fields, button.getAttribute("aria-pressed") === "false"));
  fields[fields.length - 1].after(button);
  form.addEventListener("submit", () => show(button, fields, false)); // browsers remember passwords, and no texts
}

function show(button, fields, shown) {
  for (const field of fields) field.type = shown ? "text" : "password";
  button.setAttribute("aria-pressed", String(shown));
}

const again = document.getElementById("again");
const fresh = again?.form.querySelector("#password");
for (const field of [again, fresh])
  field?.addEventListener("input", () =>
    again.setCustomValidity(again.value && again.value !== fresh.value ? "The two new passwords are not the same." : ""),
  );

if (document.getElementById("secret")) say("Made: it is shown this once.");
