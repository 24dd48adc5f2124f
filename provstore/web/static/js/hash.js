// The SHA-256 of a file, read piece by piece: of any size, and where the browser itself does not tell it, too (a page
// that came by plain HTTP from another host has no crypto.subtle; and that takes whole files only).
const WHOLE = 256 * 2 ** 20;
const BLOCK = 64;

/** Give the SHA-256 of a file in hex; `told(part)` hears how much of it is read, 0 to 1. */
export async function sha256Of(file, told = () => {}) {
  if (globalThis.crypto?.subtle && file.size <= WHOLE) return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer())));
  const hash = new Sha256();
  const reader = file.stream().getReader();
  for (let read = 0; ; ) {
    const { value, done } = await reader.read();
    if (done) return hex(hash.digest());
    hash.update(value);
    read += value.length;
    told(read / file.size);
  }
}

const hex = (bytes) => [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");

// FIPS 180-4: the first 32 bits of the fractional parts of roots of the first primes
const primes = [];
for (let number = 2; primes.length < 64; number++) if (primes.every((one) => number % one)) primes.push(number);
const bits = (root) => Math.floor((root % 1) * 2 ** 32);
const ROUNDS = Int32Array.from(primes, (prime) => bits(Math.cbrt(prime)));
const BEGIN = Int32Array.from(primes.slice(0, 8), (prime) => bits(Math.sqrt(prime)));

const turn = (word, by) => (word >>> by) | (word << (32 - by));

/** SHA-256 of bytes that come in pieces (FIPS 180-4 §6.2). */
export class Sha256 {
  #state = BEGIN.slice();
  #words = new Int32Array(64);
  #rest = new Uint8Array(BLOCK);
  #kept = 0;
  #length = 0;

  update(bytes) {
    this.#length += bytes.length;
    let from = 0;
    if (this.#kept) {
      from = Math.min(BLOCK - this.#kept, bytes.length);
      this.#rest.set(bytes.subarray(0, from), this.#kept);
      this.#kept += from;
      if (this.#kept < BLOCK) return;
      this.#block(new DataView(this.#rest.buffer), 0);
      this.#kept = 0;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (; from + BLOCK <= bytes.length; from += BLOCK) this.#block(view, from);
    this.#rest.set(bytes.subarray(from));
    this.#kept = bytes.length - from;
  }

  digest() {
    const length = this.#length;
    const end = new Uint8Array(((this.#kept < BLOCK - 8 ? 1 : 2) * BLOCK) - this.#kept);
    end[0] = 0x80;
    new DataView(end.buffer).setBigUint64(end.length - 8, BigInt(length) * 8n);
    this.update(end);
    const told = new DataView(new ArrayBuffer(32));
    this.#state.forEach((word, place) => told.setInt32(4 * place, word));
    return new Uint8Array(told.buffer);
  }

  #block(view, from) {
    const w = this.#words;
    for (let t = 0; t < 16; t++) w[t] = view.getInt32(from + 4 * t);
    for (let t = 16; t < 64; t++) {
      const x = w[t - 15];
      const y = w[t - 2];
      w[t] = w[t - 16] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) + w[t - 7] + (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = this.#state;
    for (let t = 0; t < 64; t++) {
      const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + ROUNDS[t] + w[t]) | 0;
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + one) | 0;
      d = c;
      c = b;
      b = a;
      a = (one + two) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((word, place) => (this.#state[place] += word));
  }
}
