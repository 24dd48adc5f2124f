"""How a box is drawn, around its own centre."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from provstore.export.escapes import xml_attribute, xml_text
from provstore.export.lettering import fit, is_right_to_left, width
from provstore.export.palette import ALARM, BORDERS, FADED, FILLS, INK
from provstore.export.picture import Box, Form, State
from provstore.export.placement import HEIGHT, WIDTH

__all__ = ["PENTAGON", "drawn_box", "initials", "outline", "pentagon"]

PENTAGON: Final = (
    f'<path id="agent" d="M-11 9V-4L0 -11L11 -4V9z" fill="{FILLS[Form.AGENT]}" stroke="{BORDERS[Form.AGENT]}"/>'
)
"""What every badge of an agent refers to, for the picture's definitions."""

_MOST_BADGES: Final = 3
_ROOMS: Final = {Form.ENTITY: 128, Form.COLLECTION: 128}
_PLAIN_ROOM: Final = 142


def drawn_box(box: Box) -> str:
    """Give a box with its names, badges, title and link."""
    words = "".join((_name(box), *_agents(box), *_parameters(box), *_marks(box)))
    kind = f"{box.form} {box.state}" if box.state is State.INVALID else box.form
    title = f"{box.form.capitalize()}: {box.name or box.short}"
    drawn = (
        f"<title>{xml_text(title)}</title><desc>{xml_text(_description(box))}</desc>"
        f"{_focus(box)}{_behind(box)}{outline(box.form, box.state, WIDTH, HEIGHT)}{words}"
    )
    if box.link:
        drawn = f'<a href="{xml_attribute(box.link)}">{drawn}</a>'
    return f'<g class="{kind}">{drawn}</g>'


def _description(box: Box) -> str:
    lines = [box.id, *(() if box.state is State.NORMAL else (str(box.state),)), *box.facts]
    lines += [f"agent: {agent}" for agent in box.agents]
    lines += [f"parameter: {parameter}" for parameter in box.parameters]
    return "\n".join(lines)


def outline(form: Form, state: State, across: float, down: float) -> str:
    """Give the shape of a box or of its sample in the legend."""
    failed = state is State.FAILED
    border = ALARM if failed else BORDERS[form]
    fill = FADED[form] if state is State.INVALID else FILLS[form]
    look = f'fill="{fill}" stroke="{border}"'
    look += f' class="{state}"' if state in (State.RUNNING, State.FAILED) else ""
    half, high = across / 2, down / 2
    if form is Form.ENTITY:
        return f'<ellipse rx="{half:g}" ry="{high:g}" {look}/>'
    if form is Form.COLLECTION:
        behind = f'<ellipse cx="4" cy="-4" rx="{half:g}" ry="{high:g}" {look}/>'
        return f'{behind}<ellipse rx="{half:g}" ry="{high:g}" {look}/>'
    if form is Form.AGENT:
        eaves = -high / 3
        return (
            f'<path d="M{-half:g} {high:g}V{eaves:g}L0 {-high:g}L{half:g} {eaves:g}V{high:g}z"'
            f' stroke-linejoin="round" {look}/>'
        )
    corner = ' rx="8"' if form is Form.VALUE else ""
    return f'<rect x="{-half:g}" y="{-high:g}" width="{across:g}" height="{down:g}"{corner} {look}/>'


def _behind(box: Box) -> str:
    """Give a second shape where a box stands for many; a collection has one of its own."""
    if not box.many or box.form is Form.COLLECTION:
        return ""
    return f'<g transform="translate(4 -4)">{outline(box.form, box.state, WIDTH, HEIGHT)}</g>'


def _focus(box: Box) -> str:
    if not box.focus:
        return ""
    half, high = WIDTH / 2 + 5, HEIGHT / 2 + 5
    return (
        f'<rect x="{-half:g}" y="{-high:g}" width="{2 * half:g}" height="{2 * high:g}" rx="10"'
        f' fill="none" stroke="{INK}" stroke-width="2" stroke-dasharray="2 3"/>'
    )


def _name(box: Box) -> str:
    room = _ROOMS.get(box.form, _PLAIN_ROOM)
    lower = 5 if box.form is Form.AGENT else 0
    name = fit(box.name or box.short, 12, room=room, bold=True)
    direction = ' direction="rtl"' if is_right_to_left(name) else ""
    struck = ' text-decoration="line-through"' if box.state is State.INVALID else ""
    y = lower - 2 if box.is_named else lower + 4
    lines = f'<text class="name" y="{y}"{direction}{struck}>{xml_text(name)}</text>'
    if not box.is_named:
        return lines
    return f'{lines}<text class="id" y="{lower + 12}">{xml_text(fit(box.short, 9.5, room=room - 22))}</text>'


def initials(name: str) -> str:
    """Give at most two letters for an agent."""
    words = [word for word in name.replace("_", " ").replace("-", " ").split() if word[0].isalnum()] or [name or "?"]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()[:2]


def pentagon(text: str) -> str:
    """Give the small house that stands for an agent."""
    return f'<use href="#agent"/><text class="small" y="6">{xml_text(text)}</text>'


def _agents(box: Box) -> Iterator[str]:
    shown = box.agents[:_MOST_BADGES]
    more = len(box.agents) - len(shown)
    texts = [initials(agent) for agent in shown] + ([f"+{more}"] if more else [])
    for place, text in enumerate(reversed(texts)):
        x = WIDTH / 2 - 14 - 25 * place
        yield f'<g transform="translate({x:g} {-HEIGHT / 2 - 1:g})">{pentagon(text)}</g>'


def _parameters(box: Box) -> Iterator[str]:
    count = len(box.parameters)
    if not count:
        return
    text = f"{count} parameter{'s' if count > 1 else ''}"
    across = width(text, 9) + 8
    yield (
        f'<g transform="translate({WIDTH / 2 - across / 2 - 4:g} {HEIGHT / 2 + 1:g})">'
        f'<rect x="{-across / 2:g}" y="-7" width="{across:g}" height="14" rx="6" fill="{FILLS[Form.VALUE]}"'
        f' stroke="{BORDERS[Form.VALUE]}"/><text class="small" y="3">{text}</text></g>'
    )


def _marks(box: Box) -> Iterator[str]:
    if box.state is State.FAILED:
        yield (
            f'<g transform="translate({-WIDTH / 2:g} {-HEIGHT / 2:g})"><circle r="9" fill="{ALARM}"/>'
            f'<path d="M-4 -4L4 4M4 -4L-4 4" stroke="#FFFFFF" stroke-width="2.2" stroke-linecap="round"/></g>'
        )
