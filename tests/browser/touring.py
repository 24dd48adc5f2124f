"""A tour of all pages: each is opened once, with and without scripts, and what is to be held to a rule is noted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from playwright.sync_api import Error, Page, Response

from tests.browser.furnished import LOOKS, Look, Refusal
from tests.browser.site import Window

__all__ = ["Facts", "Seen", "Tour", "weight_of"]

_NARROW: Final = (360, 800)
_WIDE: Final = {"width": 1280, "height": 800}
_HEAD: Final = 300
"""Bytes of the head of an answer, about."""

_FACTS: Final = """() => {
    const all = (what, below = document) => [...below.querySelectorAll(what)];
    const main = document.querySelector("main");
    const ours = (one) => one.startsWith(location.origin);
    const whole = (one) => one.split("#")[0];
    const filled = (one) => `${one.action}?${new URLSearchParams(new FormData(one))}`;
    const forms = all("form[action]").filter((one) => one.method === "get").map(filled);
    const gone = all("a[href^='#']").filter((one) => !document.getElementById(one.hash.slice(1)) && one.hash);
    return {
        title: document.title,
        language: document.documentElement.lang,
        headings: all("h1").map((one) => one.textContent.trim().replace(/\\s+/g, " ")),
        links: [...new Set([...all("a[href]").map((one) => one.href), ...forms].filter(ours).map(whole))],
        onward: all("a[href], button", main).length,
        words: main.innerText.split(/\\s+/).length,
        provenance: all("link[rel='http://www.w3.org/ns/prov#has_provenance']").map((one) => one.href),
        faults: [
            ...all("time:not([datetime])").map((one) => "no instant: " + one.outerHTML),
            ...gone.map((one) => "leads to nothing on the page: " + one.outerHTML),
        ],
    };
}"""

_WEIGHT: Final = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .filter((one) => one.name.startsWith("http")).map((one) => [one.name, one.encodedBodySize])"""

_TOO_WIDE: Final = """(width) => {
    const across = document.scrollingElement.scrollWidth;
    if (across <= width) return [];
    const out = [...document.querySelectorAll("main *")].filter((one) => one.getBoundingClientRect().right > width);
    const widest = out.slice(0, 3).map((one) => one.outerHTML.slice(0, 120));
    return [`${across} px in a window of ${width}: ${widest.join(" | ")}`];
}"""

_UNFOCUSED: Final = """() => {
    const look = (one) => {
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(one);
        return `${outlineStyle === "none" ? "" : outlineWidth} ${boxShadow}`;
    };
    const seen = (one) => one.checkVisibility({ opacityProperty: true, visibilityProperty: true })
        && one.getClientRects().length > 0;
    const what = "a[href], button, input, select, textarea, summary, [tabindex='0']";
    const faults = [];
    for (const one of document.querySelectorAll(what)) {
        if (one.disabled || one.type === "hidden" || !seen(one) || one.closest("[inert]")) continue;
        const around = [one, one.parentElement, one.parentElement.parentElement, ...(one.labels ?? [])];
        document.activeElement.blur();
        const before = around.map(look).join();
        one.focus({ preventScroll: true });
        const wrong = document.activeElement !== one ? "can't be focused"
            : around.map(look).join() === before ? "focus is not seen" : "";
        if (wrong) faults.push(`${wrong}: ${one.outerHTML.slice(0, 150)}`);
    }
    return faults;
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a page says and where it leads; ``words`` and ``onward`` (links and buttons) are those of its content."""

    title: str
    language: str
    headings: list[str]
    links: list[str]
    onward: int
    words: int
    provenance: list[str]
    faults: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A page as somebody has seen it; each list of faults should be empty.

    ``plain`` is the same without scripts; ``weight`` are the bytes of all that was loaded, by address, compressed.
    """

    statuses: set[int]
    policy: str
    facts: Facts
    plain: Facts
    first_focus: str
    barriers: list[str]
    too_wide: list[str]
    unfocused: list[str]
    noises: list[str]
    weight: Mapping[str, int]


class Tour:
    """Opens pages when they are asked for, each once; a window for each person, and one without scripts."""

    def __init__(self, open_window: Callable[..., Window], names: Mapping[str, str]) -> None:
        self._open_window = open_window
        self._names = names
        self._windows: dict[tuple[str, bool], Window] = {}
        self._seen: dict[str, Seen | Exception] = {}

    def seen(self, name: str) -> Seen:
        """Give a page by its name in the table; one that could not be opened is not tried again."""
        if name not in self._seen:
            try:
                self._seen[name] = self._visit(LOOKS[name])
            except (Error, AssertionError) as error:
                self._seen[name] = error
        found = self._seen[name]
        if isinstance(found, Exception):
            raise found
        return found

    def window(self, by: str, *, scripts: bool = True) -> Window:
        """Give the window of somebody."""
        if (by, scripts) not in self._windows:
            made = self._open_window(java_script_enabled=scripts, viewport=_WIDE, reduced_motion="reduce")
            self._windows[by, scripts] = made.sign_in(by) if by else made
        return self._windows[by, scripts]

    def path(self, one: Look | Refusal) -> str:
        """Write an address out."""
        return one.path.format_map(self._names)

    def address(self, one: Look) -> str:
        """Give a whole address."""
        return self.window(one.by).site.address + self.path(one)

    def _visit(self, one: Look) -> Seen:
        plain, plain_answer = self.open(one, scripts=False)
        told = Facts(**plain.evaluate(_FACTS))
        plain.close()
        window = self.window(one.by)
        before = len(window.faults)
        page, answer = self.open(one)
        weight = weight_of(page)
        facts = Facts(**page.evaluate(_FACTS))
        first_focus = _first_focus(page)
        barriers = _barriers(window, page)
        unfocused = page.evaluate(_UNFOCUSED)
        too_wide = [fault for width in _NARROW for fault in _too_wide(page, width)]
        noises = [fault for fault in window.faults[before:] if f"a status of {one.status}" not in fault]
        del window.faults[before:]
        page.close()
        return Seen(
            statuses={answer.status, plain_answer.status},
            policy=answer.headers.get("content-security-policy", ""),
            facts=facts,
            plain=told,
            first_focus=first_focus,
            barriers=barriers,
            unfocused=unfocused,
            too_wide=too_wide,
            noises=noises,
            weight=weight,
        )

    def open(self, one: Look, *, scripts: bool = True) -> tuple[Page, Response]:
        """Open a page, and wait until it can be used."""
        page = self.window(one.by, scripts=scripts).context.new_page()
        answer = page.goto(self.path(one))
        assert answer, one.path
        page.locator(one.ready if scripts else "main").wait_for()
        return page, answer


def weight_of(page: Page) -> Mapping[str, int]:
    """Give the bytes of all that a page has loaded, by address, as they went over the line."""
    return {address: size + _HEAD for address, size in page.evaluate(_WEIGHT)}


def _first_focus(page: Page) -> str:
    """Give the words on which the first Tab falls; "" where the page begins in a field."""
    if page.evaluate("document.activeElement !== document.body"):
        return ""
    page.keyboard.press("Tab")
    return str(page.evaluate("document.activeElement.textContent"))


def _barriers(window: Window, page: Page) -> list[str]:
    """Look for barriers in the light; in the dark only colours are others."""
    light = window.barriers(page)
    page.emulate_media(color_scheme="dark")
    dark = window.barriers(page, rules=["color-contrast"])
    page.emulate_media(color_scheme="light")
    return light + [f"in the dark: {one}" for one in dark]


def _too_wide(page: Page, width: int) -> list[str]:
    page.set_viewport_size({"width": width, "height": 740})
    return list(page.evaluate(_TOO_WIDE, width))
