// The form is sent from here, so that chosen files stay chosen where it is refused, and large ones show how far they are.
import { blame, fields, goTo, labelOf, make } from "./fields.js";
import { checkAll } from "./checks.js";
import { size } from "./products.js";
import { say } from "../copy.js";

const SHOWN_FROM = 2 ** 20; // bytes: what is less is sent at once

export function sendInPlace(form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wrong = checkAll(form);
    if (wrong.length) refuse(form, "", wrong);
    else send(form, event.submitter);
  });
  addEventListener("pageshow", () => busy(form, false));
}

function send(form, submitter) {
  const body = new FormData(form, submitter); // before its buttons are disabled, which would leave out what they say
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "text/html");
  const told = progress(form, request);
  request.addEventListener("load", () => {
    if (request.status < 400) location.assign(request.responseURL);
    else {
      busy(form, false);
      answer(form, new DOMParser().parseFromString(request.responseText, "text/html"));
    }
  });
  request.addEventListener("error", () => fail(form, "The server can't be reached, or broke off: nothing is known to be made. Look at the list of jobs before you send it again."));
  request.addEventListener("abort", () => fail(form, "Not sent: you have stopped it."));
  request.addEventListener("loadend", () => told.remove());
  busy(form, true);
  request.send(body);
}

function busy(form, is) {
  for (const button of form.querySelectorAll(".actions button:not([type])")) button.disabled = is || button.dataset.closed === "yes";
  form.setAttribute("aria-busy", String(is));
}

function progress(form, request) {
  const bar = make("progress", { max: "1", value: "0", "aria-label": "Sending" });
  const words = make("span", {}, "Sending");
  const stop = make("button", { type: "button", class: "plain small" }, "Stop");
  const told = make("p", { class: "progress-line", hidden: true }, bar, words, stop);
  stop.addEventListener("click", () => request.abort());
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    told.hidden = total < SHOWN_FROM;
    bar.value = loaded / total;
    words.textContent = loaded < total ? `${size(loaded)} of ${size(total)}` : "Sent; the job is being made";
  });
  form.querySelector(".sending").append(told);
  return told;
}

function fail(form, words) {
  busy(form, false);
  refuse(form, words, []);
}

/** Show what the server has answered: the errors of its form in this one, or the words of another page. */
function answer(form, page) {
  const theirs = page.querySelector("form.new-job");
  if (!theirs) {
    const words = page.querySelector("main .wrong")?.textContent ?? page.querySelector("h1")?.textContent ?? "The server refused it.";
    return refuse(form, `No job was made: ${words.trim()}.`.replace(/\.\.$/, "."), []);
  }
  const wrong = fields(form).filter((field) => {
    const words = page.getElementById(field.id)?.querySelector(".wrong")?.textContent.trim() ?? "";
    blame(field, words);
    return words;
  });
  const summary = page.querySelector("#refused");
  summary.querySelector(".again")?.remove();
  document.getElementById("refused").replaceChildren(...summary.children);
  lead(wrong);
}

function refuse(form, words, wrong) {
  const count = wrong.length === 1 ? "One value has to be corrected:" : `${wrong.length} values have to be corrected:`;
  const list = wrong.map((field) => {
    const link = make("a", { href: `#${field.id}` }, labelOf(field));
    link.addEventListener("click", (event) => (event.preventDefault(), goTo(field)));
    return make("li", {}, link, `: ${field.querySelector(".wrong").textContent}`);
  });
  const told = make("div", { class: "failure", role: "alert", tabindex: "-1" }, make("p", {}, words || count), list.length ? make("ul", {}, ...list) : "");
  document.getElementById("refused").replaceChildren(told);
  lead(wrong);
}

function lead(wrong) {
  if (wrong.length) return goTo(wrong[0]);
  const told = document.querySelector("#refused .failure");
  told?.focus();
  say(told?.textContent.trim() ?? "");
}
