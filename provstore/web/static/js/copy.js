// <button data-copy="text" hidden>: shown where the browser can copy, and says when it has.
export function offerCopying(below = document) {
  for (const button of below.querySelectorAll("button[data-copy]")) button.hidden = !navigator.clipboard;
  if (below !== document) return;
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    const told = await navigator.clipboard.writeText(button.dataset.copy).then(() => "Copied", () => "Can't be copied here");
    say(told);
    button.dataset.words ??= button.textContent; // pressed twice, it says "Copied" already
    button.textContent = told;
    setTimeout(() => (button.textContent = button.dataset.words), 1500);
  });
}

/** Tell something to those who listen to the page instead of looking at it. */
export function say(words) {
  const place = document.getElementById("said");
  if (place) place.textContent = words;
}
