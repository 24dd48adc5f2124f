// <form data-inplace="name">: sent without leaving the page; what was wrong is said beside the field.
import { server, ProvstoreError } from "../server.js";
import { say } from "../copy.js";

/** Send such forms from now on; `done` is called when the server has taken one. */
export function setInPlace(done) {
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.dataset.inplace) return;
    event.preventDefault();
    if (form.ariaBusy) return; // one press, one remark
    form.ariaBusy = "true";
    const field = form.querySelector("input:not([type=hidden]), select, textarea");
    clear(form, field);
    try {
      await server.ask(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, event.submitter)) });
    } catch (error) {
      if (!(error instanceof ProvstoreError)) throw error;
      return tell(form, field, error.message);
    } finally {
      form.ariaBusy = null;
    }
    event.submitter?.focus(); // out of the field, that it may be taken anew
    const adds = "verb" in form.dataset; // one more, not another value
    if (adds) form.reset();
    say(adds ? form.dataset.verb : "Set");
    await done();
  });
}

function clear(form, field) {
  form.querySelector(".wrong")?.remove();
  field?.removeAttribute("aria-invalid");
  field?.removeAttribute("aria-describedby");
}

function tell(form, field, message) {
  const words = Object.assign(document.createElement("small"), { className: "wrong", textContent: message });
  words.id = `wrong-${form.dataset.inplace}`;
  words.setAttribute("role", "alert");
  form.append(words);
  field?.setAttribute("aria-invalid", "true");
  field?.setAttribute("aria-describedby", words.id);
  field?.focus();
}
