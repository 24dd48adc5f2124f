// A client of provstore for pages: an ES module without dependencies. Pages of other sites may use it, too, with a
// token, where the server lists their origin (PROVSTORE_CORS_ORIGINS). docs/provstore-js.md describes all of it.
import { Connection, ProvstoreError, pairs } from "./provstore/connection.js";
import { growing, isOver, lastState, listen } from "./provstore/lasting.js";

export { ProvstoreError };

const ANYTHING = { Accept: "*/*" };
const HELD = 30; // seconds that one question for the next phase is held open
const LONG = 4000; // characters of a query that may be too many for an address

/** @import { Asked, Value, Values } from "./provstore/connection.js" */
/** @typedef {{id: string, href: string, size: number, mimeType: string, sha256: string}} Result */
/** @typedef {Record<string, any> & {jobId: string, phase: string, results: Result[]}} Job */
/** @typedef {{start?: boolean, runId?: string, key?: string, signal?: AbortSignal}} How */

/** A server, as one caller sees it. Every method gives a promise, and rejects with a ProvstoreError. */
export class Provstore {
  #connection;

  /**
   * @param {string} base address of the server
   * @param {{token?: string, csrf?: string}} [by] a token of an account; or, on the server's own pages, the session's
   */
  constructor(base, { token = "", csrf = "" } = {}) {
    const proof = { ...(token && { Authorization: `Bearer ${token.trim()}` }), ...(csrf && { "X-CSRF-Token": csrf }) };
    this.#connection = new Connection(base, { Accept: "application/json", ...proof });
  }

  /** The services one may run: [{name, label, description, …}]. */
  async services() {
    return (await this.ask("/jdl")).items;
  }

  /** What a service takes and makes: {parameters, used, generated, …}. @param {string} service */
  description(service) {
    return this.ask(`/jdl/${encodeURIComponent(service)}`);
  }

  /** The fields by which a page can ask for its parameters and inputs: {label, groups: [{label, fields: [{name, …}]}]}.
   * @param {string} service */
  form(service) {
    return this.ask(`/jdl/${encodeURIComponent(service)}/form`);
  }

  /**
   * A part of the list of jobs, newest first: {items: [{jobId, service, phase, runId, creationTime, href}], next}.
   * @param {string} [service] "" for all
   * @param {Values} [filters] names of UWS, e.g. {PHASE: ["QUEUED", "EXECUTING"], RUNID, LIMIT, NEXT}
   */
  list(service = "", filters = {}) {
    return this.ask(tree(service), { query: { LIMIT: 100, ...filters } });
  }

  /**
   * One job, with its parameters, results, error and history.
   * @param {string} service @param {string} id
   * @param {{wait?: number, phase?: string, signal?: AbortSignal}} [how] `wait`: at most so many seconds, until its
   *   phase is another (than `phase`) @returns {Promise<Job>}
   */
  job(service, id, { wait, phase, signal } = {}) {
    return this.ask(tree(service, id), { query: { WAIT: wait, PHASE: phase }, signal });
  }

  /**
   * Make a job, and give it; `start` lets it run at once; with the same `key` the same request makes one job only.
   * @param {string} service @param {Values} [parameters] by name, inputs too @param {How} [how]
   */
  create(service, parameters = {}, how = {}) {
    return this.#make(service, {}, parameters, how);
  }

  /**
   * Make a job like another one, with its revision and inputs, and start it; `parameters`: what is other than there.
   * @param {string} service @param {string} id
   * @param {Values} [parameters] @param {How} [how]
   */
  rerun(service, id, parameters = {}, how = {}) {
    return this.#make(service, { from: id }, parameters, { start: true, ...how });
  }

  /** Let a PENDING job run; give the job. @param {string} service @param {string} id */
  start(service, id) {
    return this.#change(tree(service, id, "phase"), { PHASE: "RUN" });
  }

  /** Stop a job; give the job. @param {string} service @param {string} id */
  abort(service, id) {
    return this.#change(tree(service, id, "phase"), { PHASE: "ABORT" });
  }

  /**
   * Set a parameter of a PENDING job; give the job.
   * @param {string} service @param {string} id @param {string} name @param {Value} value
   */
  setParameter(service, id, name, value) {
    return this.#change(tree(service, id, "parameters", name), { VALUE: value ?? "" });
  }

  /** Delete a job: its files go, its provenance stays. @param {string} service @param {string} id */
  async delete(service, id) {
    await this.#connection.send(tree(service, id), { method: "DELETE", redirect: "manual" }); // not on to the list
  }

  /**
   * Wait until a job is over; give it. The server tells each change at once.
   * @param {string} service @param {string} id
   * @param {{signal?: AbortSignal, told?: (job: Job) => void}} [how] `told` hears of every phase on the way; `signal`
   *   ends the waiting, e.g. AbortSignal.timeout(60_000)
   */
  wait(service, id, { signal, told = () => {} } = {}) {
    return lastState((seen) => this.job(service, id, { wait: seen ? HELD : undefined, phase: seen, signal }), { told, signal });
  }

  /** The results of a job. @param {string} service @param {string} id @returns {Promise<Result[]>} */
  async results(service, id) {
    return (await this.ask(tree(service, id, "results"))).items;
  }

  /**
   * The content of a result, of an entity by its id, or of an address of the server.
   * @param {Result | string} what
   * @param {{as?: "text" | "json" | "blob" | "arrayBuffer", query?: Values, signal?: AbortSignal}} [how]
   * @returns {Promise<any>} as asked for, text by default
   */
  async read(what, { as = "text", query, signal } = {}) {
    const named = typeof what === "string" ? what : what.href;
    const path = /^(\/|https?:)/.test(named) ? named : `/store/${encodeURIComponent(named)}`;
    return (await this.#connection.send(path, { query, headers: ANYTHING, signal }))[as]();
  }

  /**
   * What a job has printed so far: all, the last `lines`, or from a byte on.
   * @param {string} service @param {string} id
   * @param {{stream?: "stdout" | "stderr", lines?: number, from?: number, signal?: AbortSignal}} [how]
   */
  log(service, id, { stream = "stdout", lines, from, signal } = {}) {
    return this.read(tree(service, id, stream), { query: { lines, from }, signal });
  }

  /**
   * What a job prints, piece by piece as it prints it, until it is over; a line that breaks off is taken up again.
   * @param {string} service @param {string} id
   * @param {{stream?: "stdout" | "stderr", from?: number, signal?: AbortSignal}} [how] `from`: a byte to begin at
   */
  follow(service, id, { stream = "stdout", from = 0, signal } = {}) {
    const place = tree(service, id, stream);
    const open = (/** @type {number} */ from) =>
      this.#connection.send(place, { query: { follow: true, from }, headers: ANYTHING, signal });
    return growing(open, async () => isOver(await this.job(service, id, { signal })), { from, signal });
  }

  /**
   * Follow jobs: `heard(happening, facts, eventId)` with "phase" or "deleted" and {jobId, service, phase, runId,
   * creationTime, changedAt, href}. A line that breaks off is taken up again where it was.
   * @param {(happening: string, facts: Record<string, any>, eventId: string) => void} heard
   * @param {{service?: string, since?: string, signal?: AbortSignal, opened?: () => void,
   *   lost?: (error: Error) => void, ended?: (error: Error) => void}} [how] `since`: an instant, or the id of an event;
   *   `opened` and `lost` hear how the line is; `ended`, that it is refused and will not be taken up again
   * @returns {() => void} what ends it
   */
  events(heard, { service = "", since = "", signal, opened = () => {}, lost = () => {}, ended = console.warn } = {}) {
    const own = new AbortController();
    const until = signal ? AbortSignal.any([signal, own.signal]) : own.signal;
    const open = (/** @type {string} */ last) => {
      const headers = { Accept: "text/event-stream", ...(last && { "Last-Event-ID": last }) };
      return this.#connection.send(service ? tree(service, "events") : "/events", { headers, signal: until });
    };
    listen(open, { since, heard, opened, lost, ended, signal: until });
    return () => own.abort();
  }

  /** The answer of a question of the catalogue (docs/queries.md). @param {string} name @param {Values} [parameters] */
  query(name, parameters = {}) {
    const body = form(new URLSearchParams(), parameters);
    if (String(body).length > LONG) return this.ask(`/prov/${name}`, { method: "POST", body });
    return this.ask(`/prov/${name}`, { query: parameters });
  }

  /** Look for an "entity", "activity" or "agent": {items, next}. @param {string} kind @param {Values} [conditions] */
  search(kind, conditions = {}) {
    return this.query("search", { class: kind, ...conditions });
  }

  /**
   * What made a product or job ("up"), what came of it ("down"), or both: {nodes, relations, truncated, restricted}.
   * @param {string | string[]} id @param {Values} [how] {direction, depth, …} as in docs/queries.md
   */
  lineage(id, how = {}) {
    return this.query("lineage", { id, direction: "both", depth: 2, ...how });
  }

  /**
   * What made a product or job, or what came of it, in a format of docs/formats.md.
   * @param {string | string[]} id
   * @param {Values & {format?: string, as?: "text" | "blob"}} [how] {direction, depth, model, …}; a picture in PNG
   *   wants `as: "blob"`
   */
  provenance(id, { format = "prov-json", as = "text", ...how } = {}) {
    return this.read("/prov/lineage", { as, query: { id, format, ...how } });
  }

  /**
   * Store a provenance document, whole or not at all: {document, records, nodes, relations, conflicts, remarks}.
   * @param {Blob | string} content
   * @param {{format?: string, name?: string, public?: boolean, strict?: boolean, dryRun?: boolean}} [how]
   */
  importDocument(content, { dryRun, ...how } = {}) {
    const name = content instanceof File ? content.name : null;
    return this.ask("/prov/documents", { method: "POST", query: { name, dry_run: dryRun, ...how }, body: content });
  }

  /**
   * Send any request to the server; give its JSON, or null where there is none.
   * @param {string} path @param {Asked} [asked] what fetch takes, and `query` @returns {Promise<any>}
   */
  async ask(path, asked = {}) {
    const answer = await this.#connection.send(path, asked);
    return answer.headers.get("Content-Type")?.includes("json") ? answer.json() : null;
  }

  /** @param {string} service @param {Values} query @param {Values} given @param {How} how @returns {Promise<Job>} */
  #make(service, query, given, { start = false, runId, key, signal }) {
    const body = form(new FormData(), { ...given, RUNID: runId || null, PHASE: start ? "RUN" : null });
    const headers = key ? { "Idempotency-Key": key } : undefined;
    return this.ask(tree(service), { method: "POST", query, body, headers, signal });
  }

  /** @param {string} path @param {Values} fields @returns {Promise<Job>} */
  #change(path, fields) {
    return this.ask(path, { method: "POST", body: form(new URLSearchParams(), fields) });
  }
}

/** An address of the UWS tree. @param {string[]} parts */
function tree(...parts) {
  return ["/uws", ...parts.filter(Boolean).map(encodeURIComponent)].join("/");
}

/** @template {FormData | URLSearchParams} T @param {T} made @param {Values} fields @returns {T} */
function form(made, fields) {
  for (const { name, value } of pairs(fields)) made.append(name, /** @type {string} */ (value));
  return made;
}
