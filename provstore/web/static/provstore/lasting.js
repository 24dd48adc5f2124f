// What lasts, for provstore.js: jobs, events and logs that are followed, and taken up again where it broke off.
import { ProvstoreError } from "./connection.js";

const OVER = new Set(["COMPLETED", "ERROR", "ABORTED", "ARCHIVED"]);
const PASSING = new Set([0, 429, 502, 503, 504]); // statuses that may be others soon; 0: there was no answer
const ENOUGH = 8; // tries in a row: about three minutes
const LONGEST = 60; // seconds between two tries
const SILENCE = 45_000; // milliseconds after which a stream is dead: the server says every 15 s that it is there

/** Tell whether a job will stay as it is. @param {{phase: string}} job */
export const isOver = (job) => OVER.has(job.phase);

/**
 * Give a job when it is over.
 * @template {{phase: string}} Job
 * @param {(seen?: string) => Promise<Job>} read gives it, at once or when its phase is no longer the one that was seen
 * @param {{told: (job: Job) => void, signal?: AbortSignal}} how
 */
export async function lastState(read, { told, signal }) {
  const patience = new Patience();
  let job = await read();
  for (let idle = 1; !isOver(job); ) {
    const [seen, began] = [job.phase, Date.now()];
    try {
      job = await read(seen);
    } catch (error) {
      await patience.after(error, signal);
      continue;
    }
    patience.renew();
    if (job.phase !== seen) told(job);
    if (job.phase !== seen || Date.now() - began > 1000) idle = 1;
    else await pause((idle = Math.min(10, 2 * idle)), signal); // not all phases are waited in, nor for everybody
  }
  return job;
}

/**
 * Read server-sent events until `signal` says that it is enough, or the server that it is refused.
 * @param {(last: string) => Promise<Response>} open asks for what came after an event
 * @param {{since: string, signal: AbortSignal, heard: (happening: string, facts: any, eventId: string) => void,
 *   opened: () => void, lost: (error: any) => void, ended: (error: any) => void}} how
 */
export async function listen(open, { since, signal, heard, opened, lost, ended }) {
  const tell = (/** @type {() => void} */ act) => queueMicrotask(() => signal.aborted || act()); // fails by itself
  const patience = new Patience(Infinity);
  for (let last = since; !signal.aborted; ) {
    try {
      const answer = await open(last);
      patience.renew();
      tell(opened);
      for await (const { id, event, data, retry } of eventsOf(piecesOf(answer, SILENCE))) {
        if (retry) patience.first = Math.max(1, Number(retry) / 1000);
        last = id || last;
        if (data && event !== "close") tell(() => heard(event, JSON.parse(data), id));
      }
      throw new ProvstoreError(0, { message: "the stream of events has ended" });
    } catch (error) {
      if (isPassing(error)) tell(() => lost(error));
      await patience.after(error, signal).catch(() => tell(() => ended(error)));
      if (!isPassing(error)) return;
    }
  }
}

/**
 * Read a text that grows, until it is over.
 * @param {(place: number) => Promise<Response>} open asks for it from a byte on
 * @param {() => Promise<boolean>} ended
 * @param {{from: number, signal?: AbortSignal}} how
 */
export async function* growing(open, ended, { from, signal }) {
  const [decoder, patience] = [new TextDecoder(), new Patience()];
  let over = await ended();
  for (let place = from; ; ) {
    try {
      for await (const piece of piecesOf(await open(place))) {
        place += piece.byteLength;
        patience.renew();
        yield decoder.decode(piece, { stream: true });
      }
      if (over) return;
      over = await ended(); // then one look more: nothing is left out
      if (!over) await pause(1, signal);
    } catch (error) {
      await patience.after(error, signal);
    }
  }
}

/** Waits before another try, longer each time; after so many in a row it gives up. */
class Patience {
  #tries = 0;
  first = 1; // seconds

  /** @param {number} [most] tries in a row */
  constructor(most = ENOUGH) {
    this.most = most;
  }

  /** It went well again. */
  renew() {
    this.#tries = 0;
  }

  /** Wait; reject with the error where another try can't help. @param {any} error @param {AbortSignal} [signal] */
  async after(error, signal) {
    signal?.throwIfAborted();
    if (!isPassing(error) || this.#tries >= this.most) throw error;
    const seconds = error.retryAfter || Math.min(LONGEST, this.first * 2 ** this.#tries);
    this.#tries += 1;
    await pause(seconds * (0.75 + Math.random() / 2), signal); // not all pages at once
  }
}

/** Wait so many seconds. @param {number} seconds @param {AbortSignal} [signal] @returns {Promise<void>} */
function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, 1000 * seconds);
    signal?.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });
}

/** Tell whether it may be otherwise soon: a stream that breaks off has no status. @param {any} error */
const isPassing = (error) => PASSING.has(error.status ?? 0);

/** The bytes of an answer as they come; it ends when so many milliseconds bring nothing.
 * @param {Response} answer @param {number} [silence] */
async function* piecesOf(answer, silence = 0) {
  const reader = /** @type {ReadableStream<Uint8Array>} */ (answer.body).getReader();
  let timer;
  try {
    for (;;) {
      if (silence) timer = setTimeout(() => reader.cancel(), silence);
      const { value, done } = await reader.read();
      clearTimeout(timer);
      if (done) return;
      yield value;
    }
  } finally {
    clearTimeout(timer);
    reader.cancel().catch(() => {});
  }
}

/** Server-sent events (WHATWG HTML, 9.2), each with its fields by name. @param {AsyncIterable<Uint8Array>} pieces */
async function* eventsOf(pieces) {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of pieces) {
    const blocks = (text + decoder.decode(piece, { stream: true })).split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) yield Object.fromEntries(block.split("\n").map(field));
  }
}

/** @param {string} line @returns {[string, string]} */
function field(line) {
  const place = line.indexOf(":");
  return [line.slice(0, place), line.slice(place + 1).trimStart()];
}
