// Ways through what is drawn: from causes to effects where there is one, else along any relations.

/** Give the shortest way between two nodes: {nodes: [id], edges: [place], against}, null for none. */
export function wayBetween(data, from, to) {
  const places = new Map(data.nodes.map((node, place) => [node.id, place]));
  const [start, end] = [places.get(from), places.get(to)];
  if (start === undefined || end === undefined || start === end) return null;
  const causes = search(data, start, end, (edge, place) => [[edge.source, edge.target, place]]);
  const effects = causes ?? search(data, start, end, (edge, place) => [[edge.target, edge.source, place]]);
  const any = effects ?? search(data, start, end, (edge, place) => [[edge.source, edge.target, place], [edge.target, edge.source, place]]);
  return any && { nodes: any.nodes.map((place) => data.nodes[place].id), edges: any.edges, against: !effects };
}

function search(data, start, end, steps) {
  const next = new Map();
  for (const [place, edge] of data.edges.entries()) {
    for (const [from, to, by] of steps(edge, place)) next.set(from, [...(next.get(from) ?? []), [to, by]]);
  }
  const reached = new Map([[start, null]]);
  const todo = [start];
  for (const one of todo) {
    if (one === end) return retraced(reached, end);
    for (const [other, by] of next.get(one) ?? []) {
      if (reached.has(other)) continue;
      reached.set(other, [one, by]);
      todo.push(other);
    }
  }
  return null;
}

function retraced(reached, end) {
  const nodes = [end];
  const edges = [];
  for (let step = reached.get(end); step; step = reached.get(step[0])) {
    nodes.push(step[0]);
    edges.push(step[1]);
  }
  return { nodes: nodes.reverse(), edges: edges.reverse() };
}
