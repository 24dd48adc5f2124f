// What the editor asks the server: each definition goes as a file of a form, with the files that belong to it.
import { base } from "../server.js";

const csrf = document.querySelector('meta[name="csrf-token"]')?.content;

/** What the server refused, with all problems where it told them. */
export class Refused extends Error {
  constructor(status, { message = `HTTP ${status}`, problems = [] } = {}) {
    super(message);
    Object.assign(this, { status, problems });
  }
}

/** Send a form; give the answer. */
export async function send(path, body, { accept = "application/json", signal } = {}) {
  const headers = { Accept: accept, ...(csrf && { "X-CSRF-Token": csrf }) };
  const answer = await fetch(base + path, { method: "POST", body, headers, signal });
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, told.error);
}

/** Make the form that holds a definition, and of the files chosen those that it names. */
export function packed(definition, { files = new Map(), wanted = new Map() } = {}) {
  const form = new FormData();
  form.append("file", new Blob([JSON.stringify(definition)], { type: "application/json" }), "definition.json");
  for (const [name, file] of files) if (wanted.has(name)) form.append("files", file, name);
  return form;
}
