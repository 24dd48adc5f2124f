// What is being edited: the definition as JSON, the files chosen for it, and the draft that this browser keeps.
const SOON = 300;

export class Draft extends EventTarget {
  #key;
  #loaded;
  #timer = 0;

  /** @param {DOMStringMap} told what the page says of the definition: document, service, revision, of, person */
  constructor({ document: text, service, revision, of, person }) {
    super();
    Object.assign(this, { service, revision, files: new Map(), document: JSON.parse(text) });
    this.#loaded = JSON.stringify(this.document);
    this.#key = ["provstore:definition", person, service || "new", service ? "" : of].join(":");
  }

  /** Whether it says something else than the server's. */
  get differs() {
    return this.files.size > 0 || JSON.stringify(this.document) !== this.#loaded;
  }

  /** Take up the draft of an earlier visit: give when it was kept and of what it was made; null if there is none. */
  restore() {
    const kept = this.#read();
    if (!kept || JSON.stringify(kept.document) === this.#loaded) return null;
    this.document = kept.document;
    return { at: new Date(kept.at), revision: kept.revision };
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
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#keep(), SOON);
    this.dispatchEvent(new Event("changed"));
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
    const kept = { document: this.document, at: Date.now(), revision: this.revision };
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
