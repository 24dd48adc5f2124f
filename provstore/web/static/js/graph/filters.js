// What is shown of what is there: by kind, service, person, time; and the box that finds a node by its words.
const FIELDS = ["service", "agent", "since", "until"];

/** Give the ids of the nodes that pass; the server has the same rule for its documents (pages/graph/seen.py). */
export function passing(nodes, state) {
  const until = state.until && (state.until.length === 10 ? new Date(Date.parse(state.until) + 864e5).toISOString() : state.until);
  const passes = (node) =>
    node.focus ||
    ((!state.kind.length || state.kind.includes(node.kind)) &&
      (!state.service || (node.services ?? []).includes(state.service)) &&
      (!state.agent || node.label === state.agent || [...(node.agents ?? []), ...(node.people ?? [])].includes(state.agent)) &&
      (!state.since || (node.at ?? "") >= state.since) &&
      (!state.until || (node.at && node.at < until)));
  return new Set(nodes.filter(passes).map((node) => node.id));
}

/** Give the nodes of which all words are told: name, id, class, service or person. */
export function matching(nodes, words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  if (!wanted.length) return [];
  const said = (node) => [node.label, node.short, node.id, node.kind, ...(node.class ?? []), ...(node.services ?? []), ...(node.agents ?? []), ...(node.members ?? []).flat()].join(" ").toLowerCase();
  const found = nodes.filter((node) => wanted.every((word) => said(node).includes(word)));
  const rank = (node) => (node.label.toLowerCase() === words.toLowerCase().trim() ? 0 : 1);
  return found.sort((one, other) => rank(one) - rank(other));
}

/** Let the form's fields change the state; `changed()` is told so. */
export function watchFilters(form, state, changed) {
  const kinds = [...form.elements].filter((one) => one.name === "kind");
  const show = () => {
    for (const box of kinds) box.checked = state.kind.includes(box.value);
    for (const name of FIELDS) form.elements[name].value = state[name].slice(0, name === "since" || name === "until" ? 10 : undefined);
    all.hidden = !state.kind.length && FIELDS.every((name) => !state[name]);
  };
  const all = document.getElementById("graph-all");
  const take = () => {
    state.kind = kinds.filter((box) => box.checked).map((box) => box.value);
    for (const name of FIELDS) state[name] = form.elements[name].value.trim();
    show();
    changed();
  };
  for (const field of [...kinds, ...FIELDS.map((name) => form.elements[name])]) field.addEventListener("change", take);
  all.addEventListener("click", () => {
    state.kind = [];
    for (const name of FIELDS) state[name] = "";
    show();
    changed();
  });
  return show;
}

/** Offer the services and people that there are. */
export function offerWords(nodes) {
  const offered = { services: nodes.flatMap((node) => node.services ?? []), agents: nodes.flatMap((node) => node.agents ?? []) };
  for (const [name, words] of Object.entries(offered)) {
    const options = [...new Set(words)].sort().slice(0, 200).map((value) => Object.assign(document.createElement("option"), { value }));
    document.getElementById(`graph-${name}`).replaceChildren(...options);
  }
}
