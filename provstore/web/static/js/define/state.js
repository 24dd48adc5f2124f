// What is being edited: the definition as JSON, the files chosen for it, and the draft that this browser keeps.
const SOON = 300;

export class Draft extends EventTarget {
  #key;
  #loaded;
  #timer = 0;

  /** @param {DOMStringMap} told what the page says of the definition: document, service, base, draft (its key), person */
  constructor({ document: text, service, base, draft, person }) {
    super();
    Object.assign(this, { service, base, newest: base, message: "", files: new Map(), document: JSON.parse(text) });
    this.#loaded = JSON.stringify(this.document);
    this.#key = keyOf(person, draft);
    if (person) inherit(keyOf("", draft), this.#key);
  }

  /** Whether it says something else than the server's. */
  get differs() {
    return this.files.size > 0 || JSON.stringify(this.document) !== this.#loaded;
  }

  /** Take up the draft of an earlier visit: give when it was kept; null if there is none. */
  restore() {
    const kept = this.#read();
    if (!kept || JSON.stringify(kept.document) === this.#loaded) return null;
    const { document, base = this.base, message = "" } = kept;
    Object.assign(this, { document, base, message });
    return new Date(kept.at);
  }

  /** Another definition stands in the editor now. */
  replace(document, files = new Map()) {
    delete document.script_sha256;
    if (this.service) document.name = this.service;
    this.document = document;
    this.files = files;
    this.dispatchEvent(new Event("replaced"));
    this.changed();
  }

  /** Something was changed: keep it, and tell. */
  changed() {
    this.keepSoon();
    this.dispatchEvent(new Event("changed"));
  }

  /** Keep it when nothing was changed for a moment. */
  keepSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#keep(), SOON);
  }

  /** Keep nothing any more: it was sent, or is not wanted. */
  forget() {
    clearTimeout(this.#timer);
    localStorage.removeItem(this.#key);
    this.#loaded = JSON.stringify(this.document);
    this.files = new Map();
  }

  /** Names of the files that inputs have by default, each with the input. */
  get wanted() {
    const { parameters, used } = this.document;
    const values = new Map(parameters.map((one) => [one.name, one.default]));
    const inputs = used.filter((one) => one.url === "file://$ID" || one.type === "ConfigFile");
    const found = inputs.map((one) => [one.default || values.get(one.ref) || "", one.name]);
    const configured = parameters.filter((one) => one.type === "ConfigFile").map((one) => [one.default, one.name]);
    return new Map([...configured, ...found].filter(([file]) => file));
  }

  #keep() {
    const kept = { document: this.document, base: this.base, message: this.message, at: Date.now() };
    try {
      if (this.differs) localStorage.setItem(this.#key, JSON.stringify(kept));
      else localStorage.removeItem(this.#key);
      this.dispatchEvent(new CustomEvent("kept", { detail: this.differs ? "Draft kept in this browser" : "" }));
    } catch {
      this.dispatchEvent(new CustomEvent("kept", { detail: "This browser keeps no draft" }));
    }
  }

  #read() {
    try {
      return JSON.parse(localStorage.getItem(this.#key));
    } catch {
      return null;
    }
  }
}

const keyOf = (person, draft) => ["provstore:definition", person, draft].join(":");

/** What somebody wrote before signing in is his afterwards. */
function inherit(from, to) {
  try {
    const kept = localStorage.getItem(from);
    if (kept && !localStorage.getItem(to)) localStorage.setItem(to, kept);
    localStorage.removeItem(from);
  } catch {
    // this browser keeps nothing
  }
}
