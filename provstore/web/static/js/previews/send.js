// <button data-samp="image.load.fits">: sends a file to the programs on its reader's desktop.
import { Hub, NoHub, Refused } from "./samp.js";
import { server } from "../server.js";
import { say } from "../copy.js";

/** Show and arm such buttons. */
export function offerSending(below = document) {
  for (const button of below.querySelectorAll("button[data-samp]")) {
    button.hidden = false;
    button.addEventListener("click", () => send(button));
  }
}

async function send(button) {
  button.disabled = true;
  tell(button, "Asks the SAMP hub; it may ask you in a window of its own.");
  try {
    tell(button, await passed(button), "tag");
  } catch (error) {
    tell(button, trouble(error), "wrong");
  } finally {
    button.disabled = false;
  }
}

async function passed(button) {
  const { samp: mtype, name } = button.dataset;
  const hub = await Hub.connect("provstore");
  try {
    const takers = await hub.takers(mtype);
    if (!takers.length) return `No program that runs here takes ${mtype}: start Aladin, TOPCAT or DS9, and send again.`;
    const url = await readable(button);
    await hub.notifyAll(mtype, { url, name, ...further(mtype, url.split("?")[0]) });
    return `Sent to ${takers.join(", ")}.`;
  } finally {
    await hub.close().catch(() => {});
  }
}

/** What else a message says: under which name the program knows the file from then on; to DS9, what it is to do. */
function further(mtype, place) {
  if (mtype === "ds9.set") return { cmd: "regions" };
  return { [mtype.startsWith("table") ? "table-id" : "image-id"]: place };
}

/** An address that a program without our session can read: a public file's own, else one with a ticket for minutes. */
async function readable(button) {
  const { store, file } = button.closest("[data-store]").dataset;
  if ("public" in button.dataset) return file;
  return (await server.ask(`${store}/tickets`, { method: "POST" })).href;
}

function trouble(error) {
  if (error instanceof NoHub) return "No SAMP hub answers on this machine: start TOPCAT or Aladin, which bring one, and send again.";
  if (error instanceof Refused) return `The hub refused: ${error.message}`;
  return error.message;
}

function tell(button, words, kind = "tag") {
  const place = button.closest(".result") ?? button.parentElement;
  const line = place.querySelector(".sent") ?? document.createElement("p");
  line.className = `sent ${kind}`;
  line.textContent = words;
  button.closest(".actions").after(line);
  say(words);
}
