// One server for provstore.js: what it is asked, and what it refuses.

/** @typedef {string | number | boolean | Date | Blob | null | undefined} Value a File goes as such; null: not given */
/** @typedef {Record<string, Value | Value[]>} Values */
/** @typedef {RequestInit & {query?: Values, headers?: Record<string, string>}} Asked */

/**
 * What the server refused. `status` is HTTP's, 0 where there was no answer; `field` and `value` name what was wrong,
 * where it was one thing; `problems` are all those of a definition.
 */
export class ProvstoreError extends Error {
  /**
   * @param {number} status
   * @param {{kind?: string, message?: string, field?: string | null, value?: any, problems?: object[]}} [told]
   * @param {number} [retryAfter] seconds after which the server wants to be asked again
   */
  constructor(status, { kind = "", message = "", field = null, value = null, problems = [] } = {}, retryAfter = 0) {
    super(message || `HTTP ${status}`);
    this.name = "ProvstoreError";
    this.status = status;
    this.kind = kind;
    this.field = field;
    this.value = value;
    this.problems = problems;
    this.retryAfter = retryAfter;
  }
}

/** Sends requests to one server; what proves who asks goes nowhere else. */
export class Connection {
  #base;
  #headers;

  /** @param {string} base @param {Record<string, string>} headers */
  constructor(base, headers) {
    this.#base = base.replace(/\/$/, "");
    this.#headers = headers;
  }

  /** Give the answer, if it is a good one. @param {string} path or address @param {Asked} [asked] */
  async send(path, { query = {}, headers = {}, ...how } = {}) {
    const base = new URL(this.#base, globalThis.location?.href);
    const address = new URL(/^https?:/.test(path) ? path : this.#base + path, base);
    const ours = address.origin === base.origin;
    if (!ours) throw new ProvstoreError(0, { message: `${address} is no address of ${base.origin}` });
    for (const { name, value } of pairs(query)) address.searchParams.append(name, String(value));
    const request = new Request(address, { ...how, headers: { ...this.#headers, ...headers } });
    const answer = await fetch(request).catch(async (error) => {
      how.signal?.throwIfAborted();
      throw Object.assign(new ProvstoreError(0, { message: await this.#silence(base.origin) }), { cause: error });
    });
    if (answer.ok || answer.type === "opaqueredirect") return answer;
    throw new ProvstoreError(answer.status, await told(answer), Number(answer.headers.get("Retry-After")) || 0);
  }

  /** Why there was no answer: browsers keep it from pages, but tell whether anybody is there. @param {string} there */
  async #silence(there) {
    const here = globalThis.location?.origin ?? there;
    /** @type {RequestInit} */
    const blindly = { mode: "no-cors", credentials: "omit", cache: "no-store" };
    const met = here !== there && (await fetch(`${this.#base}/healthz`, blindly).catch(() => null));
    if (!met) return `no answer from ${there}: it does not run, or can't be reached from here`;
    return `${there} lets no page of ${here} read its answers: PROVSTORE_CORS_ORIGINS does not list it there`;
  }
}

/** Names and values that are given, each one by itself. @param {Values} values */
export function* pairs(values) {
  for (const [name, given] of Object.entries(values)) {
    for (const one of [given].flat()) if (one !== null && one !== undefined) yield { name, value: written(one) };
  }
}

/** @param {NonNullable<Value>} value */
function written(value) {
  if (value instanceof Blob) return value;
  return value instanceof Date ? value.toISOString() : String(value);
}

/** @param {Response} answer */
async function told(answer) {
  const text = await answer.text();
  try {
    return JSON.parse(text).error;
  } catch {
    return { message: text.slice(0, 500) };
  }
}
