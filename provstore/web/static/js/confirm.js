// <form data-confirm="question" data-verb="Delete">: asks first, in a dialog of the page.
export function askFirst() {
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const question = event.submitter?.dataset.confirm ?? form.dataset.confirm;
    if (!question || form.dataset.confirmed) return;
    event.preventDefault();
    if (!(await confirmed(question, event.submitter?.textContent.trim() || "Go on"))) return;
    if (!form.isConnected) document.body.append(Object.assign(form, { hidden: true })); // its part of the page was taken anew
    form.dataset.confirmed = "yes";
    form.requestSubmit(event.submitter);
    delete form.dataset.confirmed;
  });
}

/** Ask; give whether the answer is yes. */
export function confirmed(question, verb) {
  const dialog = document.createElement("dialog");
  const words = document.createElement("p");
  words.textContent = question;
  words.id = "asked";
  const buttons = document.createElement("form");
  buttons.method = "dialog";
  buttons.className = "actions";
  buttons.append(answer(verb, "yes", "danger"), answer("Cancel", "", "plain"));
  dialog.setAttribute("aria-labelledby", "asked");
  dialog.append(words, buttons);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    }),
  );
}

function answer(words, value, kind) {
  const button = document.createElement("button");
  Object.assign(button, { textContent: words, value, className: kind, autofocus: !value });
  return button;
}
