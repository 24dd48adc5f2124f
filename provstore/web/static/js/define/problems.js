// What is wrong with a definition: each problem beside its place, and all of them in a list that leads there.
import { rowOf } from "./rows.js";

const NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
const RULE = "a letter or _, then letters, digits, _ . or -";
const LISTS = ["parameters", "used", "generated"];
const SECTIONS = { files: "files", extra: "about", script_language: "script" };

/** Find what no server could read; give it, and the definition without it, of which the server tells the rest. */
export function unreadable(definition) {
  const problems = [];
  const sound = structuredClone(definition);
  const wrong = (place, text) => problems.push({ level: "error", text, ...place });
  if (!NAME.test(definition.name)) {
    wrong({ section: "about", key: "name" }, definition.name ? `${definition.name}: a name is ${RULE}` : `a name is needed: ${RULE}`);
    sound.name = "unnamed";
  }
  for (const key of ["executionDuration", "quote"]) {
    const seconds = definition[key];
    if (seconds === null || (Number.isInteger(seconds) && seconds >= 0)) continue;
    wrong({ section: "script", key }, "a whole number of seconds is needed");
    sound[key] = null;
  }
  for (const section of LISTS) {
    const seen = new Set();
    sound[section] = definition[section].filter((item) => {
      const fault = seen.has(item.name) ? `${item.name} is there already` : NAME.test(item.name) ? "" : `a name is needed: ${RULE}`;
      if (fault) wrong({ section, item, key: "name" }, fault);
      seen.add(item.name);
      return !fault;
    });
  }
  return { problems, sound };
}

/** Find where a problem of the server is: `parameters.a.b.default`, where names may hold dots; `script:12`; `label`. */
export function located({ level, place, text }, definition) {
  const [section, line] = place.split(":");
  if (line) return { level, text, section, key: section, line: Number(line), place };
  const [head, ...rest] = place.split(".");
  if (!LISTS.includes(head)) return { level, text, place, section: SECTIONS[head] ?? "", key: head };
  const path = rest.join(".");
  const fits = (item) => path === item.name || path.startsWith(`${item.name}.`);
  const longest = (one, other) => other.name.length - one.name.length;
  const item = definition[head].filter(fits).sort(longest)[0];
  const key = item ? path.slice(item.name.length + 1).split(".")[0] : "";
  return { level, text, place, section: head, item, key };
}

/** Show problems: beside their places, in the list, and as counts beside the sections. */
export function showProblems(problems, { root, lists, lead }) {
  for (const place of root.querySelectorAll("[data-wrong]")) place.textContent = "";
  for (const control of root.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
  const counts = {};
  const entries = problems.map((problem) => {
    const found = placeOf(problem, { root, lists });
    counts[found.section] = (counts[found.section] ?? 0) + 1;
    if (found.beside) found.beside.append(found.beside.textContent ? `; ${problem.text}` : problem.text);
    if (found.beside) found.beside.dataset.level = problem.level;
    if (found.control && problem.level === "error") found.control.setAttribute("aria-invalid", "true");
    return entry(problem, found, lead);
  });
  root.querySelector("#problems").replaceChildren(...entries);
  const errors = problems.filter((one) => one.level === "error").length;
  root.querySelector('[data-count="checks"]').textContent = problems.length || "";
  for (const link of root.querySelectorAll(".sections a")) {
    const part = link.hash.slice(3);
    const count = part === "checks" ? errors : counts[part];
    link.classList.toggle("has-problems", Boolean(count));
    link.title = count ? `${count} to look at` : "";
  }
}

function placeOf({ section, item, key }, { root, lists }) {
  const row = item && rowOf(item, lists[section]);
  const control = row?.querySelector(`[data-key="${key || "name"}"]`) ?? (row ? null : factOf(root, key));
  const part = section || control?.closest("section")?.id.slice(2) || "checks";
  const beside = row
    ? row.querySelector(`[data-wrong="${key}"]`) ?? row.querySelector('[data-wrong=""]')
    : root.querySelector(`[data-wrong="${key || section}"]:not([data-row] *)`) ?? root.querySelector(`[data-wrong="${section}"]`);
  return { section: part, control, beside, element: control ?? row ?? root.querySelector(`#s-${part}`) };
}

function factOf(root, key) {
  return key ? root.querySelector(`[data-key="${key}"]:not([data-row] *)`) : null;
}

function entry(problem, found, lead) {
  const item = document.createElement("li");
  item.className = problem.level;
  const level = Object.assign(document.createElement("span"), { className: "tag", textContent: problem.level });
  const link = Object.assign(document.createElement("a"), { href: `#${found.element.id || `s-${found.section}`}` });
  link.className = "id";
  link.textContent = problem.place ?? [problem.section, problem.item?.name, problem.key].filter(Boolean).join(".");
  link.addEventListener("click", (event) => {
    event.preventDefault();
    lead(found.element, problem.line);
  });
  item.append(level, " ", link, " ", problem.text);
  return item;
}
