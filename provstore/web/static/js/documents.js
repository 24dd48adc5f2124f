// A document that is brought shows how much of it is sent; where it is refused, the form stays as it was filled in.
import { say } from "./copy.js";

const form = document.getElementById("bringing");
const wrong = document.getElementById("d-wrong");
const stop = document.getElementById("d-stop");
const place = document.getElementById("d-sending");

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  const request = new XMLHttpRequest(); // fetch tells nothing of what is sent
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "text/html");
  request.upload.addEventListener("progress", (told) => tell(told.loaded / told.total));
  request.addEventListener("load", () => answered(request));
  request.addEventListener("error", () => refused("The server did not answer: try it again."));
  request.addEventListener("abort", () => refused(""));
  stop.onclick = () => request.abort();
  busy(true);
  request.send(new FormData(form));
});

function tell(part) {
  const bar = place.querySelector("progress");
  if (part < 1) bar.value = part;
  else bar.removeAttribute("value"); // how much of it is read, nobody tells
  place.querySelector("span").textContent = part < 1 ? `${Math.floor(100 * part)} % sent` : "Reading it…";
}

function answered(request) {
  if (request.status < 400) return void location.assign(request.responseURL);
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  refused(page.querySelector("[role=alert]")?.textContent || `It was refused: ${request.status}`);
}

function refused(words) {
  busy(false);
  wrong.textContent = words;
  wrong.hidden = !words;
  form.elements.file.toggleAttribute("aria-invalid", Boolean(words));
  if (!words) say("Stopped");
}

function busy(is) {
  wrong.hidden = true;
  form.querySelector("button:not([type])").disabled = is;
  stop.hidden = place.hidden = !is;
  if (is) tell(0);
}
