// A file in hand is looked up by its SHA-256, so that it stays here; one that is unknown, and no larger than this, is
// sent: it may carry its provenance within.
import { server, base } from "./server.js";
import { say } from "./copy.js";
import { sha256Of } from "./hash.js";

const SENT_MOST = 200e6;
const form = document.getElementById("by-file");
const wrong = document.getElementById("s-wrong");
let sending = false;

form?.addEventListener("submit", async (event) => {
  const file = form.elements.file.files[0];
  if (sending || !file) return;
  event.preventDefault();
  const button = form.querySelector("button");
  const words = button.textContent;
  const tell = (part) => (button.textContent = `Reading: ${Math.floor(100 * part)} %`);
  button.disabled = true;
  wrong.hidden = true;
  say("Reading the file");
  try {
    const sha256 = await sha256Of(file, tell);
    const known = await server.query("entities", { sha256, limit: 1 });
    if (known.items.length || file.size > SENT_MOST) return void location.assign(`${base}/search?q=${sha256}`);
    sending = true;
    form.requestSubmit();
  } catch (error) {
    wrong.textContent = `It can't be looked for: ${error.message}`;
    wrong.hidden = false;
  } finally {
    button.disabled = false;
    button.textContent = words;
  }
});

// fields that say nothing stay out of the address
document.getElementById("search")?.addEventListener("formdata", (event) => {
  for (const [name, value] of [...event.formData]) {
    const field = event.target.elements[name];
    if (!value || field.selectedIndex === 0) event.formData.delete(name);
  }
});
