// What the editor asks the server: each definition goes as a file of a form, with the files that belong to it.
import { base } from "../server.js";

const TOKEN = 'meta[name="csrf-token"]';
const STRANGER = new Set([401, 403]);
let csrf = document.querySelector(TOKEN)?.content;

/** What the server refused, with all problems where it told them. */
export class Refused extends Error {
  constructor(status, { message = `HTTP ${status}`, problems = [], field = "", value = "" } = {}) {
    super(message);
    Object.assign(this, { status, problems, field, value });
  }
}

/** Send a form; give the answer. */
export async function send(path, body, { accept = "application/json", signal } = {}) {
  let answer = await posted(path, body, { accept, signal });
  if (STRANGER.has(answer.status) && (await signedInAgain())) answer = await posted(path, body, { accept, signal });
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

async function posted(path, body, { accept, signal }) {
  const headers = { Accept: accept, ...(csrf && { "X-CSRF-Token": csrf }) };
  try {
    return await fetch(base + path, { method: "POST", body, headers, signal });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refused(0, { message: "The server can't be reached just now; your draft stays in this browser." });
  }
}

/** A session that ended may have begun anew in another tab: then there is another token. */
async function signedInAgain() {
  const page = new DOMParser().parseFromString(await (await fetch(`${base}/definitions/propose`)).text(), "text/html");
  csrf = page.querySelector(TOKEN)?.content;
  return Boolean(csrf);
}
