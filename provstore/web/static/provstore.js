// A client of provstore for pages: one ES module without dependencies. Pages of other sites may use it, too, with a
// token, where the server lists their origin (PROVSTORE_CORS_ORIGINS). docs/provstore-js.md describes all of it.

/** What the server refused: `status` is HTTP's; `field` and `value` name what was wrong, where one thing was. */
export class ProvstoreError extends Error {
  constructor(status, { kind = "", message = "", field = null, value = null } = {}) {
    super(message || `HTTP ${status}`);
    Object.assign(this, { name: "ProvstoreError", status, kind, field, value });
  }
}

/** A server, as one caller sees it. Every method gives a promise, and rejects with a ProvstoreError. */
export class Provstore {
  #base;
  #headers;

  /**
   * @param {string} base address of the server, without a slash at the end
   * @param {{token?: string, csrf?: string}} [by] a token of an account; or, on the server's own pages, the session's
   */
  constructor(base, { token = "", csrf = "" } = {}) {
    this.#base = base.replace(/\/$/, "");
    this.#headers = { Accept: "application/json" };
    if (token) this.#headers.Authorization = `Bearer ${token}`;
    if (csrf) this.#headers["X-CSRF-Token"] = csrf;
  }

  /** The services one may run: [{name, label, description, …}]. */
  async services() {
    return (await this.ask("/jdl")).items;
  }

  /**
   * A part of the list of jobs, newest first: {items: [{jobId, service, phase, runId, creationTime, href}], next}.
   * @param {string} [service] "" for all
   * @param {object} [filters] names of UWS, e.g. {PHASE: ["QUEUED", "EXECUTING"], RUNID, LIMIT, NEXT}
   */
  list(service = "", filters = {}) {
    return this.ask(tree(service), { query: { LIMIT: 100, ...filters } });
  }

  /** One job, with its parameters, results, error and history. `wait` is in seconds: until its phase is another. */
  job(service, id, { wait = 0, phase = "" } = {}) {
    return this.ask(tree(service, id), { query: { ...(wait && { WAIT: wait }), ...(phase && { PHASE: phase }) } });
  }

  /**
   * Make a job, and give it; `start` lets it run at once.
   * @param {object} parameters values by name; a File or Blob is sent as such
   * @param {{start?: boolean, runId?: string, key?: string}} [how] `key`: the same request twice makes one job
   */
  async create(service, parameters = {}, { start = false, runId = "", key = "" } = {}) {
    const form = new FormData();
    for (const [name, value] of Object.entries(parameters)) {
      for (const one of Array.isArray(value) ? value : [value]) form.append(name, one);
    }
    if (runId) form.set("RUNID", runId);
    if (start) form.set("PHASE", "RUN");
    return this.ask(tree(service), { method: "POST", body: form, headers: key ? { "Idempotency-Key": key } : {} });
  }

  /** Let a PENDING job run; give the job. */
  start(service, id) {
    return this.#change(tree(service, id, "phase"), { PHASE: "RUN" });
  }

  /** Stop a job; give the job. */
  abort(service, id) {
    return this.#change(tree(service, id, "phase"), { PHASE: "ABORT" });
  }

  /** Set a parameter of a PENDING job; give the job. */
  setParameter(service, id, name, value) {
    return this.#change(tree(service, id, "parameters", name), { VALUE: value });
  }

  /** Delete a job: its files go, its provenance stays. */
  async delete(service, id) {
    await this.ask(tree(service, id), { method: "DELETE" });
  }

  /** The results of a job: [{id, href, size, mimeType, sha256}]. */
  async results(service, id) {
    return (await this.ask(tree(service, id, "results"))).items;
  }

  /**
   * Follow jobs: `heard(happening, facts)` with "phase" or "deleted" and {jobId, service, phase, runId, changedAt, href}.
   * @param {{service?: string, since?: string, lost?: (error: Error) => void}} [how] `lost` hears of a broken line,
   *   which is taken up again by itself
   * @returns {() => void} what ends it
   */
  events(heard, { service = "", since = "", lost = () => {} } = {}) {
    const stop = new AbortController();
    this.#listen(service ? tree(service, "events") : "/events", { heard, lost, since, signal: stop.signal });
    return () => stop.abort();
  }

  /** The answer of a question of the catalogue, e.g. query("impact", {id: "e01…"}). */
  query(name, parameters = {}) {
    return this.ask(`/prov/${name}`, { query: parameters });
  }

  /** What made a product (direction "up"), what came of it ("down"), or both: {nodes, relations, truncated, restricted}. */
  lineage(id, { direction = "both", depth = 2 } = {}) {
    return this.ask("/prov/lineage", { query: { id, direction, depth } });
  }

  /** Send any request to the server; give its JSON, or null where there is none. */
  async ask(path, { method = "GET", query = {}, body, headers = {}, signal } = {}) {
    const answer = await this.#send(path, { method, query, body, headers, signal });
    const type = answer.headers.get("Content-Type") ?? "";
    return type.includes("json") ? answer.json() : null;
  }

  async #send(path, { method = "GET", query = {}, body, headers = {}, signal } = {}) {
    const address = new URL(/^https?:/.test(path) ? path : this.#base + path, globalThis.location?.href);
    for (const [name, value] of Object.entries(query)) {
      for (const one of Array.isArray(value) ? value : [value]) address.searchParams.append(name, one);
    }
    const answer = await fetch(address, { method, body, signal, headers: { ...this.#headers, ...headers } });
    if (!answer.ok) throw new ProvstoreError(answer.status, await told(answer));
    return answer;
  }

  #change(path, fields) {
    return this.ask(path, { method: "POST", body: new URLSearchParams(fields) });
  }

  async #listen(path, { heard, lost, since, signal }) {
    let last = since;
    while (!signal.aborted) {
      try {
        const headers = { Accept: "text/event-stream", ...(last && { "Last-Event-ID": last }) };
        const answer = await this.#send(path, { headers, signal });
        for await (const event of told_events(answer.body)) {
          last = event.id || last;
          if (event.event !== "close") heard(event.event, JSON.parse(event.data));
        }
      } catch (error) {
        if (signal.aborted) return;
        lost(error);
      }
      await new Promise((resolve) => setTimeout(resolve, 3000));
    }
  }
}

function tree(...parts) {
  return ["/uws", ...parts.filter(Boolean).map(encodeURIComponent)].join("/");
}

async function told(answer) {
  const text = await answer.text();
  try {
    return JSON.parse(text).error;
  } catch {
    return { message: text.slice(0, 500) };
  }
}

async function* told_events(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ""; ; ) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const blocks = text.split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const event = Object.fromEntries(block.split("\n").filter((line) => /^\w/.test(line)).map(field));
      if (event.data) yield event;
    }
  }
}

function field(line) {
  const place = line.indexOf(":");
  return [line.slice(0, place), line.slice(place + 1).trimStart()];
}
