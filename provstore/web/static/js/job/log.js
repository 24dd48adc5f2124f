// What a job prints, as it prints it: the end is kept in sight, unless its reader is elsewhere in it.
const MOST = 200_000; // characters kept in the page; the whole is a download away
const LINES = 400;
const AGAIN = 2000; // milliseconds until a line that ended before its job is taken up again

/** Follow the logs of the page, one line to the server each, while the page is looked at. */
export function followLogs() {
  for (const log of document.querySelectorAll("section[data-log]")) new Log(log);
}

class Log {
  constructor(section) {
    this.section = section;
    this.pre = section.querySelector("pre");
    this.address = section.dataset.log;
    this.button = section.querySelector("[data-pause]");
    this.older = section.querySelector("[data-older]");
    this.paused = false;
    this.over = false;
    this.button.addEventListener("click", () => this.pause(!this.paused));
    this.section.addEventListener("click", (event) => event.target === this.older && this.showOlder(event));
    if (section.dataset.state === "over") return this.toEnd();
    this.pre.addEventListener("wheel", (event) => event.deltaY < 0 && this.pause(true), { passive: true });
    this.button.hidden = false;
    document.addEventListener("over", () => this.isOver());
    document.addEventListener("visibilitychange", () => (document.hidden ? this.stop() : this.follow()));
    if (!document.hidden) this.follow();
  }

  async follow() {
    if (this.stopping || this.section.dataset.state === "over") return;
    this.stopping = new AbortController();
    const signal = this.stopping.signal;
    let refused = false;
    try {
      const answer = await fetch(`${this.address}?follow=true&lines=${LINES}`, { signal });
      refused = answer.status >= 400 && answer.status < 500;
      if (answer.ok) await this.read(answer);
    } catch {
      // broken off
    } finally {
      this.stopping = null;
    }
    // lines end when the server goes, or after an hour, too
    if (!refused && !signal.aborted) setTimeout(() => document.hidden || this.follow(), AGAIN);
  }

  async read(answer) {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    this.first = true;
    for (let part = await reader.read(); !part.done; part = await reader.read()) this.add(part.value);
    if (!this.over) return;
    this.section.dataset.state = "over";
    if (this.pre.classList.contains("silent")) this.pre.textContent = "Nothing was printed.";
  }

  /** The job is over: the line that ends from now on has brought all that it printed. */
  isOver() {
    this.over = true;
    this.button.hidden = true;
    if (!document.hidden) this.follow();
  }

  stop() {
    this.stopping?.abort();
  }

  add(text) {
    if (!text) return;
    if (this.first) this.pre.replaceChildren();
    this.first = false;
    this.pre.classList.remove("silent");
    this.pre.append(text);
    while (this.pre.textContent.length > MOST && this.pre.childNodes.length > 1) this.pre.firstChild.remove();
    if (this.pre.textContent.length > MOST) this.pre.textContent = this.pre.textContent.slice(-MOST);
    this.section.querySelector("[data-size]").textContent = "";
    this.toEnd();
  }

  toEnd() {
    if (!this.paused) this.pre.scrollTop = this.pre.scrollHeight;
  }

  pause(paused) {
    this.paused = paused;
    this.button.textContent = paused ? "Go on" : "Pause";
    this.toEnd();
  }

  async showOlder(event) {
    event.preventDefault();
    const answer = await fetch(this.older.href).catch(() => null);
    if (!answer?.ok) return location.assign(this.older.href); // which says what was wrong
    this.pre.textContent = (await answer.text()).slice(-MOST);
    this.older.closest("[data-cut]").textContent = "the last 1,000 lines";
    this.toEnd();
  }
}
