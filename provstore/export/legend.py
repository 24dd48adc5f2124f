"""The legend below a picture: the forms that occur in it, its agents, and what it leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from provstore.export.boxes import initials, outline, pentagon
from provstore.export.escapes import xml_text
from provstore.export.lettering import fit, width
from provstore.export.palette import ALARM
from provstore.export.picture import Form, Picture, State

__all__ = ["drawn_legend"]

_LINE: Final = 28
_SAMPLE: Final = 30
_MOST_AGENTS: Final = 12
_FAILED: Final = (
    f'<circle r="8" fill="{ALARM}"/>'
    '<path d="M-3.5 -3.5L3.5 3.5M3.5 -3.5L-3.5 3.5" stroke="#FFFFFF" stroke-width="2" stroke-linecap="round"/>'
)
_GONE: Final = '<g class="invalidated"><text font-size="11" y="4" text-decoration="line-through">abc</text></g>'
_STATES: Final = {
    State.FAILED: (_FAILED, "failed"),
    State.RUNNING: (outline(Form.ACTIVITY, State.RUNNING, 28, 16), "running"),
    State.INVALID: (_GONE, "no longer there"),
}
_ARROW: Final = '<path class="arrow" d="M13 0H-13"/>'


def drawn_legend(picture: Picture, across: float) -> tuple[str, float]:
    """Give the legend within a width, and its height."""
    x, line, parts = 0.0, 0, []
    for sample, text in _items(picture):
        shown = fit(text, 11, room=across - 2 * _SAMPLE)
        lead = _SAMPLE + 7 if sample else 0
        wide = lead + width(shown, 11) + 20
        if x and x + wide > across:
            x, line = 0.0, line + 1
        parts.append(
            f'<g transform="translate({x + _SAMPLE / 2:.1f} {line * _LINE + 10})">{sample}'
            f'<text class="left" font-size="11" x="{lead - _SAMPLE / 2:g}" y="4">{xml_text(shown)}</text></g>\n'
        )
        x += wide
    return "".join(parts), (line + 1) * _LINE


def _items(picture: Picture) -> Iterator[tuple[str, str]]:
    forms = {box.form for box in picture.boxes}
    states = {box.state for box in picture.boxes}
    yield from ((outline(form, State.NORMAL, 28, 16), form.capitalize()) for form in Form if form in forms)
    yield from (item for state, item in _STATES.items() if state in states)
    if picture.arrows:
        yield _ARROW, "from effect to cause"
    agents = sorted({agent for box in picture.boxes for agent in box.agents})
    yield from ((pentagon(initials(agent)), agent) for agent in agents[:_MOST_AGENTS])
    if len(agents) > _MOST_AGENTS:
        yield "", f"and {len(agents) - _MOST_AGENTS} more agents"
    if picture.implied:
        many = "relations that follow from these are" if picture.implied > 1 else "relation that follows from these is"
        yield "", f"{picture.implied} {many} not drawn"
