// A file in hand is looked up by its SHA-256, so that it stays here; one that is unknown, and no larger than this, is
// sent: it may carry its provenance within.
import { server, base } from "./server.js";
import { say } from "./copy.js";

const SENT_MOST = 200e6;
const form = document.getElementById("by-file");
let sending = false;

form?.addEventListener("submit", async (event) => {
  const file = form.elements.file.files[0];
  if (sending || !file || !globalThis.crypto?.subtle) return;
  event.preventDefault();
  say("Reading the file");
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  const sha256 = [...new Uint8Array(digest)].map((one) => one.toString(16).padStart(2, "0")).join("");
  const known = await server.query("entities", { sha256, limit: 1 });
  if (known.items.length || file.size > SENT_MOST) return void location.assign(`${base}/search?q=${sha256}`);
  sending = true;
  form.requestSubmit();
});

// fields that say nothing stay out of the address
document.getElementById("search")?.addEventListener("formdata", (event) => {
  for (const [name, value] of [...event.formData]) {
    const field = event.target.elements[name];
    if (!value || field.selectedIndex === 0) event.formData.delete(name);
  }
});
