// A definition comes from files, goes into files, and is proposed.
import { base } from "../server.js";
import { packed, send } from "./server.js";

const DEFINITION = /\.(xml|vot|json|wadl|par)$/i;
const SCRIPT = /\.(sh|bash|py)$/i;

/** Read files: a definition of any dialect, a script, default files. Give what the server had to repair. */
export async function importFiles(draft, files) {
  const definition = files.find((one) => DEFINITION.test(one.name)) ?? files.find((one) => !SCRIPT.test(one.name));
  const script = files.find((one) => SCRIPT.test(one.name));
  if (!definition) {
    const language = /\.py$/i.test(script.name) ? "python" : "bash";
    draft.replace({ ...draft.document, script: (await script.text()).replaceAll("\r\n", "\n"), script_language: language });
    return [];
  }
  const form = new FormData();
  form.append("file", definition, definition.name);
  if (script) form.append("script", script, script.name);
  const { description, repairs } = await (await send("/jdl/validate", form)).json();
  const others = files.filter((one) => one !== definition && one !== script);
  draft.replace(description, new Map(others.map((one) => [one.name, one])));
  return repairs;
}

/** Save the definition as it is now into a file of the reader. */
export async function exportAs(draft, format) {
  const answer = await send(`/jdl/convert?to=${format}`, packed(draft.document), { accept: "*/*" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = `${draft.document.name || "definition"}${format === "votable" ? "_vot.xml" : ".json"}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Propose it, and go to the page of the proposal. */
export async function propose(draft) {
  const form = packed(draft.document, draft);
  form.append("message", draft.message);
  form.append("base", draft.base);
  const made = await (await send("/jdl", form)).json();
  draft.forget();
  location.assign(`${base}/definitions/proposals/${made.id}`);
}
