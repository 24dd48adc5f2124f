// After each change: what is wrong with the definition, and the form that its users would see.
import { packed, send } from "./server.js";
import { located, unreadable } from "./problems.js";

const SOON = 500;

export class Checks {
  #timer = 0;
  #stop = new AbortController();

  /** @param draft what is checked; `found(problems, words)` hears what was found, `form` is where the form is shown */
  constructor(draft, { form, found }) {
    Object.assign(this, { draft, form, found, problems: [] });
  }

  /** Check when nothing was changed for a moment. */
  soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.now(), SOON);
  }

  /** Check; give whether it may be proposed. */
  async now() {
    clearTimeout(this.#timer);
    this.#stop.abort();
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    const { problems, sound } = unreadable(this.draft.document);
    const [told] = await Promise.all([this.#judge(sound, signal), this.#preview(sound, signal)]);
    if (signal.aborted) return false;
    this.problems = [...problems, ...told.map((one) => located(one, this.draft.document))];
    this.found(this.problems, summary(this.problems));
    return this.problems.every((one) => one.level !== "error");
  }

  async #judge(sound, signal) {
    const { files, wanted } = this.draft;
    try {
      const answer = await send("/jdl/validate", packed(sound, { files, wanted }), { signal });
      return (await answer.json()).problems;
    } catch (error) {
      return signal.aborted ? [] : [{ level: "error", place: "definition", text: error.message }, ...(error.problems ?? [])];
    }
  }

  async #preview(sound, signal) {
    try {
      const answer = await send("/definitions/preview", packed(sound), { accept: "text/html", signal });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const element of page.querySelectorAll("[required]")) element.required = false; // it is only looked at
      const open = [...this.form.querySelectorAll("details")].map((one) => one.open);
      this.form.replaceChildren(...page.body.children);
      for (const [index, details] of this.form.querySelectorAll("details").entries()) details.open = open[index] ?? false;
    } catch {
      if (!signal.aborted) this.form.textContent = "The form can't be shown.";
    }
  }
}

function summary(problems) {
  const errors = problems.filter((one) => one.level === "error").length;
  const warnings = problems.length - errors;
  const words = [counted(errors, "error"), counted(warnings, "warning")].filter(Boolean).join(", ");
  return errors ? `${words}: errors have to go before it can be proposed.` : words ? `${words}.` : "No problems.";
}

function counted(number, word) {
  return number && `${number} ${word}${number === 1 ? "" : "s"}`;
}
