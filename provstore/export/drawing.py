"""The one renderer: a placed picture to SVG. No script, no reference to anything outside, all text escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from provstore.export.boxes import PENTAGON, drawn_box
from provstore.export.escapes import xml_text
from provstore.export.labels import lines_of, middle, place_labels
from provstore.export.legend import drawn_legend
from provstore.export.lettering import fit
from provstore.export.palette import ALARM, ARROW, BACKGROUND, INK, QUIET
from provstore.export.picture import Arrow, Picture
from provstore.export.placement import HEIGHT, MOST_LABELS, WIDTH, Placement

__all__ = ["Caption", "draw", "ways_of"]

Point = tuple[float, float]
Way = Sequence[Point]
Caption = tuple[str, tuple[str, ...]]
"""A heading, and warnings below it."""

_MARGIN: Final = 28
_LEAST_WIDTH: Final = 640
_OVER: Final = 40
_ASIDE: Final = 50
_STYLE: Final = f"""\
<style>
text{{font-family:Helvetica,Arial,"DejaVu Sans",sans-serif;fill:{INK};text-anchor:middle}}
.left{{text-anchor:start}}
.title{{font-size:18px;font-weight:bold;text-anchor:start}}
.warning{{font-size:13px;font-weight:bold;text-anchor:start;fill:{ALARM}}}
.name{{font-size:12px;font-weight:bold}}
.id{{font-size:9.5px;fill:{QUIET}}}
.small{{font-size:9px}}
.relation{{font-size:9px;fill:{QUIET};paint-order:stroke;stroke:{BACKGROUND};stroke-width:3px;stroke-linejoin:round}}
.role{{font-weight:bold}}
.arrow{{fill:none;stroke:{ARROW};stroke-width:1.2;marker-end:url(#tip)}}
.failed{{stroke-width:2.5}}
.wasDerivedFrom,.wasInformedBy{{stroke-dasharray:5 3}}
.hadMember,.alternateOf,.specializationOf{{stroke-dasharray:1.5 3}}
.running{{stroke-dasharray:6 3}}
a:hover,a:focus{{outline:2px solid {INK}}}
</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" orient="auto">\
<path d="M0 .5L8 4L0 7.5z" fill="{ARROW}"/></marker>{PENTAGON}</defs>
"""


def draw(picture: Picture, placement: Placement, caption: Caption) -> Iterator[str]:
    """Give the SVG, piece by piece."""
    ways = ways_of(picture, placement)
    labels = _label_centres(picture, placement, ways)
    left, top, right, bottom = _bounds(placement, ways, labels)
    wide = max(right - left, _LEAST_WIDTH)
    shift = (_MARGIN - left + (wide - (right - left)) / 2, _MARGIN - top + 30 + 20 * len(caption[1]))
    legend, legend_height = drawn_legend(picture, wide)
    legend_top = bottom + shift[1] + 22
    size = f"{wide + 2 * _MARGIN:.0f} {legend_top + legend_height + _MARGIN:.0f}"
    across, down = size.split()
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{across}" height="{down}" viewBox="0 0 {size}" role="img">\n'
        f"<title>{xml_text(caption[0])}</title>\n<desc>{xml_text(_summary(picture, caption))}</desc>\n{_STYLE}"
        f'<rect width="{across}" height="{down}" fill="{BACKGROUND}"/>\n'
    )
    heading = fit(caption[0], 18, room=wide, bold=True)
    yield f'<text class="title" x="{_MARGIN}" y="{_MARGIN + 8}">{xml_text(heading)}</text>\n'
    for number, line in enumerate(caption[1], start=1):
        shown = fit(f"⚠ {line}", 13, room=wide, bold=True)
        yield f'<text class="warning" x="{_MARGIN}" y="{_MARGIN + 8 + 20 * number}">{xml_text(shown)}</text>\n'
    yield f'<g transform="translate({shift[0]:.1f} {shift[1]:.1f})">\n'
    yield from _arrows(picture, ways)
    for box in picture.boxes:
        x, y = placement.centres[box.id]
        yield f'<g transform="translate({x:.1f} {y:.1f})">{drawn_box(box)}</g>\n'
    yield from _labels(picture, labels)
    yield f'</g>\n<g transform="translate({_MARGIN} {legend_top:.1f})">\n{legend}</g>\n</svg>\n'


def _summary(picture: Picture, caption: Caption) -> str:
    counts = f"{len(picture.boxes)} nodes and {len(picture.arrows)} relations; arrows point from effect to cause."
    return " ".join((counts, *caption[1]))


def _bounds(placement: Placement, ways: Sequence[Way], labels: Sequence[Point]) -> tuple[float, float, float, float]:
    """Give left, top, right and bottom of all that is placed, badges and labels included."""
    points = [
        (x + across, y + down)
        for x, y in placement.centres.values()
        for across, down in ((-WIDTH / 2 - 6, -HEIGHT / 2 - 14), (WIDTH / 2 + 6, HEIGHT / 2 + 14))
    ]
    middles = (middle(way) for way in ways)
    points += [(x + across, y + down) for x, y in (*labels, *middles) for across, down in ((-45, -14), (45, 14))]
    points += [point for way in ways for point in (way if len(way) != 4 else (way[0], way[-1]))]
    points = points or [(0, 0)]
    across, down = [x for x, _ in points], [y for _, y in points]
    return min(across), min(down), max(across), max(down)


def _arrows(picture: Picture, ways: Sequence[Way]) -> Iterator[str]:
    titled = len(picture.arrows) >= MOST_LABELS
    for arrow, points in zip(picture.arrows, ways, strict=True):
        title = f"<title>{xml_text(' '.join(filter(None, (arrow.relation, arrow.role))))}</title>" if titled else ""
        path = _path(points)
        end = f">{title}</path>" if title else "/>"
        yield f'<path class="arrow {arrow.relation}" d="{path}"{end}\n'


def ways_of(picture: Picture, placement: Placement) -> list[Way]:
    """Give the Bezier points of each arrow, from effect to cause."""
    return [_points(number, arrow, placement) for number, arrow in enumerate(picture.arrows)]


def _points(number: int, arrow: Arrow, placement: Placement) -> Way:
    if number in placement.routes:
        return placement.routes[number]
    return _curve(placement.centres[arrow.source], placement.centres[arrow.target])


def _curve(source: Point, target: Point) -> Way:
    """Bend from the effect's left side to the cause's right side; a way back goes above, one aside beside the boxes."""
    half = WIDTH / 2
    if source[0] - target[0] > WIDTH:
        begin, end = (source[0] - half, source[1]), (target[0] + half, target[1])
        bend = (begin[0] - end[0]) * 0.45
        # Over several ranks straight lines would run under the boxes between.
        sag = 0.0 if bend < WIDTH else HEIGHT + bend * 0.12
        return begin, (begin[0] - bend, begin[1] + sag), (end[0] + bend, end[1] + sag), end
    if target[0] - source[0] > WIDTH:
        begin, end = (source[0], source[1] - HEIGHT / 2), (target[0], target[1] - HEIGHT / 2)
        over = min(begin[1], end[1]) - _OVER
        return begin, (begin[0] + half, over), (end[0] - half, over), end
    begin, end = (source[0] - half, source[1]), (target[0] - half, target[1])
    return begin, (begin[0] - _ASIDE, begin[1]), (end[0] - _ASIDE, end[1]), end


def _path(points: Sequence[Point]) -> str:
    first, *others = (f"{x:.0f} {y:.0f}" for x, y in points)
    return f"M{first}C{' '.join(others)}"


def _labels(picture: Picture, centres: Sequence[Point]) -> Iterator[str]:
    for arrow, (x, y) in zip(picture.arrows, centres, strict=False):
        relation, *role = lines_of(arrow)
        if not role:
            yield f'<text class="relation" x="{x:.1f}" y="{y + 1:.1f}">{relation}</text>\n'
            continue
        yield (
            f'<text class="relation" x="{x:.1f}" y="{y - 4:.1f}">{relation}'
            f'<tspan class="role" x="{x:.1f}" dy="10">{xml_text(role[0])}</tspan></text>\n'
        )


def _label_centres(picture: Picture, placement: Placement, ways: Sequence[Way]) -> list[Point]:
    """Give the labels' centres; none where there are too many to be read."""
    if len(picture.arrows) >= MOST_LABELS:
        return []
    if len(placement.labels) == len(ways):
        return [placement.labels[number] for number in range(len(ways))]
    return place_labels(picture.arrows, ways, placement.centres.values())
