// Previews change in place when another part, plane or stretch is chosen; whatever looks so is looked after.
const WHERE = ".preview form.looks";

document.addEventListener("change", (event) => {
  const form = event.target.closest(WHERE);
  if (form) again(form);
});
document.addEventListener("submit", (event) => {
  if (!event.target.matches(WHERE)) return;
  event.preventDefault();
  again(event.target);
});

// A picture that can't be had (its file is damaged, or too large to be unpacked) says so; a small one goes.
const PICTURE = ".preview .picture img, .thumb img";
document.addEventListener("error", (event) => event.target.matches?.(PICTURE) && lament(event.target), true);
for (const one of document.querySelectorAll(PICTURE)) if (one.complete && !one.naturalWidth) lament(one);

function lament(image) {
  if (image.closest(".thumb")) return image.closest(".thumb").remove();
  const words = document.createElement("p");
  words.className = "none";
  words.textContent = "No preview: the file is damaged, or too large to be unpacked. Download it.";
  image.closest(".picture").replaceWith(words);
}

// PDF is read by the reader that the browser brings; one that has none keeps the link.
for (const link of document.querySelectorAll(".preview a[data-pdf]")) showPdf(link);

function showPdf(link) {
  if (!navigator.pdfViewerEnabled) return;
  const frame = document.createElement("iframe");
  Object.assign(frame, { src: `${link.href}#navpanes=0`, title: link.dataset.name, loading: "lazy", className: "pdf" });
  link.parentElement.before(frame);
}

async function again(form) {
  const place = form.closest(".preview");
  const address = `${form.action}?${new URLSearchParams(new FormData(form))}`;
  const chosen = form.contains(document.activeElement) ? document.activeElement.name : "";
  const opened = place.querySelector("details.header")?.open;
  place.setAttribute("aria-busy", "true");
  const made = await fetchPreview(address).catch(() => null);
  if (!made) return location.assign(address); // the page says what was wrong
  if (opened && made.querySelector("details.header")) made.querySelector("details.header").open = true;
  place.replaceWith(made);
  if (chosen) made.querySelector(`form.looks [name="${chosen}"]`)?.focus();
}

/** Fetch the preview of a product, as its page of previews has it. */
export async function fetchPreview(address) {
  const answer = await fetch(address, { headers: { Accept: "text/html,application/xhtml+xml" } });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  const made = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".preview");
  const link = made?.querySelector("a[data-pdf]");
  if (link) showPdf(link);
  return made;
}
