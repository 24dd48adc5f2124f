// SAMP 1.3, web profile (IVOA): a page asks the hub on its reader's machine to pass a message to other programs.
// The hub asks its user first. XML-RPC over fetch; only what is needed of it: texts, maps and lists.
const HUB = "http://localhost:21012/";
const PREFIX = "samp.webhub.";

/** No hub answers: no program that speaks SAMP runs, or it does not let web pages in. */
export class NoHub extends Error {}

/** The hub, or its user, refused. */
export class Refused extends Error {}

/** A connection of this page to the hub; close it at the end. */
export class Hub {
  #key;

  static async connect(name, { hub = HUB } = {}) {
    const made = new Hub();
    made.address = hub;
    const granted = await made.#call("register", { "samp.name": name });
    made.#key = granted["samp.private-key"];
    await made.#call("declareMetadata", made.#key, {
      "samp.name": name,
      "samp.description.text": "Products of jobs and where they came from",
    });
    return made;
  }

  /** The names of the programs that take a message. */
  async takers(mtype) {
    const found = Object.keys(await this.#call("getSubscribedClients", this.#key, mtype));
    const told = await Promise.all(found.map((id) => this.#call("getMetadata", this.#key, id)));
    return told.map((one, place) => one["samp.name"] ?? found[place]);
  }

  /** Pass a message to all of them. */
  notifyAll(mtype, params) {
    return this.#call("notifyAll", this.#key, { "samp.mtype": mtype, "samp.params": params });
  }

  close() {
    return this.#call("unregister", this.#key);
  }

  async #call(method, ...params) {
    const body = `<?xml version="1.0"?><methodCall><methodName>${PREFIX}${method}</methodName><params>${params
      .map((one) => `<param>${written(one)}</param>`)
      .join("")}</params></methodCall>`;
    let answer;
    try {
      answer = await fetch(this.address, { method: "POST", body, headers: { "Content-Type": "text/xml" } });
    } catch {
      throw new NoHub("no SAMP hub answers");
    }
    const document = new DOMParser().parseFromString(await answer.text(), "text/xml");
    const fault = document.querySelector("methodResponse > fault > value");
    if (fault) throw new Refused(read(fault).faultString ?? "the hub refused");
    const value = document.querySelector("methodResponse > params > param > value");
    return value ? read(value) : "";
  }
}

function written(value) {
  if (typeof value === "string") return `<value><string>${escaped(value)}</string></value>`;
  const members = Object.entries(value).map(([name, one]) => `<member><name>${escaped(name)}</name>${written(one)}</member>`);
  return `<value><struct>${members.join("")}</struct></value>`;
}

function escaped(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function read(value) {
  const typed = value.firstElementChild;
  if (!typed) return value.textContent;
  const readers = { struct, array };
  return (readers[typed.localName] ?? ((one) => one.textContent))(typed);
}

function struct(typed) {
  return Object.fromEntries([...typed.children].map((one) => [one.children[0].textContent, read(one.children[1])]));
}

function array(typed) {
  return [...typed.querySelectorAll(":scope > data > value")].map(read);
}
