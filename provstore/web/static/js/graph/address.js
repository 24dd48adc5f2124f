// The state of the graph page is its address: what is shown, opened, filtered and chosen.
const LISTS = ["id", "open", "kind", "path"];
const WORDS = ["a", "b", "depth", "direction", "view", "limit", "service", "agent", "since", "until", "flow", "select"];
const FILTERS = ["kind", "service", "agent", "since", "until"];
const LOOKS = ["flow", "select", "path"];

/** Read an address's query: {id: [], open: [], kind: [], path: [], depth: "", …}. */
export function read(search = location.search) {
  const given = new URLSearchParams(search);
  const lists = LISTS.map((name) => [name, given.getAll(name).filter(Boolean)]);
  return Object.fromEntries([...lists, ...WORDS.map((name) => [name, given.get(name) ?? ""])]);
}

/** Write a state as a query, without the names in `but`. */
export function write(state, but = []) {
  const query = new URLSearchParams();
  for (const name of [...LISTS, ...WORDS].filter((one) => !but.includes(one))) {
    for (const value of [state[name]].flat()) if (value) query.append(name, value);
  }
  return query.toString();
}

/** What the server must know to give nodes and edges; filters and looks are the page's own. */
export const ofNodes = (state) => write(state, [...FILTERS, ...LOOKS]);

/** What the server must know to write a document of what is shown. */
export const ofDocument = (state) => write(state, LOOKS);

/** Keep the state in the address; `push`: the back button leads to the state before. */
export function keep(state, { push = false } = {}) {
  const address = `${location.pathname}?${write(state)}`;
  history[push ? "pushState" : "replaceState"](null, "", address);
}
