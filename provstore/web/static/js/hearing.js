// Changes of jobs, heard while a page is looked at: a browser has six lines to one server, for all of its pages together.
import { server } from "./server.js";

const PATIENCE = 5000;

/** Call `heard(happening, facts)` for each change from an instant on; what changes while nobody looks is heard on return.
 * `opened()` is called whenever the line is there (again). */
export function hear(heard, { service = "", since = "", opened = () => {} } = {}) {
  let last = since;
  const line = toldLine(opened);
  const listen = () => server.events(
    (happening, facts, id) => {
      last = id || last;
      heard(happening, facts);
    },
    { service, since: last, ...line },
  );
  let stop = document.hidden ? null : listen();
  document.addEventListener("visibilitychange", () => {
    stop?.();
    stop = document.hidden ? null : listen();
  });
}

/** Tell at the foot of the page when it is out of date, and no more when it is not. */
function toldLine(opened) {
  const note = Object.assign(document.createElement("p"), { className: "warn away", hidden: true });
  note.setAttribute("role", "status");
  document.querySelector("main").append(note);
  let soon = 0;
  const tell = (words) => Object.assign(note, { textContent: words, hidden: false });
  return {
    opened: () => {
      soon = clearTimeout(soon);
      note.hidden = true;
      opened();
    },
    lost: () => (soon ||= setTimeout(() => document.hidden || tell("The server does not answer: this may be out of date. Trying again…"), PATIENCE)),
    ended: (error) => tell(`Changes are not shown any more: ${error.message}. Load the page again.`),
  };
}
