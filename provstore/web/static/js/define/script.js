// The script: a plain text box over its own text in colours. Tab leaves it, as it does everywhere.
const LONGEST = 200_000;
const LONG = 10_000;
const SOON = 150;
const STEP = "  ";

export class Script {
  #grammars = {};
  #colour = null;
  #shown = null;
  #timer = 0;

  /** @param {HTMLTextAreaElement} box; @param {HTMLElement} colours where the same text stands in colours */
  constructor(box, colours) {
    Object.assign(this, { box, colours, language: "bash", marked: new Set() });
    this.gutter = document.createElement("div");
    this.gutter.className = "gutter";
    this.gutter.setAttribute("aria-hidden", "true");
    box.before(this.gutter);
    box.addEventListener("scroll", () => this.#follow());
    box.addEventListener("keydown", (event) => this.#type(event));
    this.#learn();
  }

  /** Show the text as it is now. */
  show(language = this.language) {
    const text = this.box.value;
    const shown = `${Boolean(this.#colour)} ${language} ${text}`;
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.language = language;
    this.#number();
    this.box.rows = Math.min(Math.max(this.gutter.childElementCount + 1, 12), 36);
    clearTimeout(this.#timer);
    if (text.length < LONG) return this.#paint();
    this.box.classList.add("plain-text"); // a long text gets its colours when nobody types
    this.#timer = setTimeout(() => this.#paint(), SOON);
  }

  #paint() {
    const text = this.box.value;
    if (this.#colour && text.length < LONGEST && this.#grammars[this.language]) {
      this.colours.innerHTML = this.#colour.highlight(text, { language: this.language }).value;
    } else {
      this.colours.textContent = text;
    }
    this.colours.append("\n");
    this.box.classList.remove("plain-text");
    this.#follow();
  }

  /** Mark the lines in which something is wrong. */
  mark(lines) {
    this.marked = new Set(lines);
    this.#number();
  }

  /** Go to a line, and choose it. */
  goTo(line) {
    const before = this.box.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    const end = this.box.value.indexOf("\n", before);
    this.box.focus();
    this.box.setSelectionRange(before, end < 0 ? this.box.value.length : end);
    this.box.scrollTop = (line - 4) * parseFloat(getComputedStyle(this.box).lineHeight);
  }

  #number() {
    const lines = this.box.value.split("\n").length;
    const numbers = this.gutter.children;
    while (numbers.length > lines) numbers[numbers.length - 1].remove();
    while (numbers.length < lines) {
      this.gutter.append(Object.assign(document.createElement("span"), { textContent: numbers.length + 1 }));
    }
    for (const number of this.gutter.querySelectorAll(".marked")) number.className = "";
    for (const line of this.marked) if (numbers[line - 1]) numbers[line - 1].className = "marked";
    this.#follow();
  }

  #follow() {
    const { scrollTop, scrollLeft } = this.box;
    this.colours.parentElement.scrollTop = scrollTop;
    this.colours.parentElement.scrollLeft = scrollLeft;
    this.gutter.scrollTop = scrollTop;
  }

  async #learn() {
    try {
      const names = ["core", "bash", "python"];
      const [core, bash, python] = await Promise.all(names.map((one) => import(`../../vendor/highlight/${one}.js`)));
      this.#colour = core.default;
      this.#grammars = { bash: bash.default, python: python.default };
      for (const [name, grammar] of Object.entries(this.#grammars)) this.#colour.registerLanguage(name, grammar);
      this.show();
    } catch {
      this.show(); // without colours: they are brought at set-up, and may be missing
    }
  }

  #type(event) {
    const plain = !event.altKey && !event.shiftKey && !event.isComposing;
    if (event.key === "Enter" && plain && !event.ctrlKey) {
      event.preventDefault();
      const line = this.box.value.slice(0, this.box.selectionStart).split("\n").pop();
      document.execCommand("insertText", false, `\n${/^[ \t]*/.exec(line)[0]}`); // so that it can be undone
    } else if (event.ctrlKey && plain && (event.key === "]" || event.key === "[")) {
      event.preventDefault();
      this.#shift(event.key === "]");
    }
  }

  #shift(further) {
    const { value, selectionStart, selectionEnd } = this.box;
    const start = value.lastIndexOf("\n", selectionStart - 1) + 1;
    const found = value.indexOf("\n", Math.max(selectionEnd - 1, start));
    const end = found < 0 ? value.length : found;
    const moved = value.slice(start, end).split("\n").map((line) => (further ? STEP + line : line.replace(/^ {1,2}|^\t/, "")));
    this.box.setSelectionRange(start, end);
    document.execCommand("insertText", false, moved.join("\n"));
    this.box.setSelectionRange(start, start + moved.join("\n").length);
  }
}
