// Proposing what was written; and where it is refused, what can be done about it, with nothing lost.
import { base } from "../server.js";
import { propose } from "./send.js";

/** Let the form propose the draft. `check` says whether it may be, `lead` leads to what is wrong with it. */
export function offerProposing(draft, { check, lead }) {
  const form = document.getElementById("proposing");
  if (!form) return;
  const refused = document.getElementById("refused");
  const message = form.elements.message;
  const button = form.querySelector("button");
  message.value = draft.message;
  message.addEventListener("input", () => {
    draft.message = message.value;
    draft.keepSoon();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    refused.hidden = true;
    button.disabled = true; // one press, one proposal
    try {
      if (await check()) await propose(draft);
      else lead();
    } catch (error) {
      tell(refused, error, { draft, form });
    } finally {
      button.disabled = false;
    }
  });
}

function tell(refused, error, { draft, form }) {
  const told = error.status === 401 ? signedOut() : error.field === "base" ? overtaken(error, { draft, form }) : [error.message];
  refused.replaceChildren(...told);
  refused.hidden = false;
}

function signedOut() {
  const link = Object.assign(document.createElement("a"), { href: `${base}/login?next=/definitions`, target: "_blank", textContent: "Sign in in another tab" });
  return ["You are signed out. What you have written is still here. ", link, ", then propose it again."];
}

/** Somebody was quicker: say so, show what has changed, and let the author decide. */
function overtaken({ value }, { draft, form }) {
  const [service, number] = value.split("@");
  const link = document.createElement("a");
  const since = draft.base.split("@")[1];
  link.href = since ? `${base}/definitions/${service}/diff?from=${since}&to=${number}` : `${base}/definitions/${service}`;
  link.target = "_blank";
  link.textContent = since ? "What has changed" : "Show it";
  const anyway = Object.assign(document.createElement("button"), { type: "button", className: "plain small", textContent: "Propose it all the same" });
  anyway.addEventListener("click", () => {
    draft.base = value;
    form.requestSubmit();
  });
  const words = since
    ? `${value} was published since ${draft.base}: what it changed, your definition would undo. `
    : `There is a service ${service} already: your definition would become its next revision. `;
  return [words, link, " ", anyway];
}
