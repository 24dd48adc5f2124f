from datetime import UTC, datetime

import pytest
from jinja2 import Environment, PackageLoader

from provstore import errors
from provstore.errors import Invalid, ProvstoreError
from provstore.settings import Settings
from provstore.web.access import serves_anonymous
from provstore.web.errors import STATUS
from provstore.web.forms import whole_number
from provstore.web.uws_xml import instant_text


@pytest.mark.parametrize(
    ("text", "expected"), [("1", 1), ("007", 7), ("2147483648", 2147483647), ("9" * 5000, 2147483647)]
)
def test_a_whole_number_is_read_and_held_to_what_a_store_can_count(text: str, expected: int) -> None:
    assert whole_number(text, name="LAST", least=1) == expected


def test_the_least_number_is_the_least() -> None:
    assert whole_number("0", name="depth", least=0) == 0
    with pytest.raises(Invalid, match="LAST='0': a whole number, 1 or above, is needed"):
        whole_number("0", name="LAST", least=1)


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", "1e3", " 1", "x", "²", "٣", "0x1"])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        whole_number(text, name="depth", least=0)
    assert (caught.value.field, caught.value.value) == ("depth", text)


def test_every_error_has_one_status_and_the_nearest_row_comes_first() -> None:
    kinds = [getattr(errors, name) for name in errors.__all__]
    found = {kind.__name__: next(status for row, status in STATUS if issubclass(kind, row)) for kind in kinds}
    assert found == {
        "Busy": 503,
        "Conflict": 409,
        "Forbidden": 403,
        "Invalid": 400,
        "Malformed": 400,
        "NotAcceptable": 406,
        "NotFound": 404,
        "OutOfRange": 416,
        "ProvstoreError": 500,
        "TooLarge": 413,
        "TooMany": 429,
        "Unacceptable": 500,
        "Unauthenticated": 401,
        "Unavailable": 503,
        "UnsupportedType": 415,
        "FetchFailed": 500,
        "KeptTooMuch": 403,
        "QuotaReached": 403,
        "WrongDescription": 400,
        "WrongPhase": 403,
    }
    assert STATUS[-1] == (ProvstoreError, 500)


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        (None, ""),
        (datetime(2026, 3, 1, 12, tzinfo=UTC), "2026-03-01T12:00:00.000Z"),
        (datetime(2026, 3, 1, 12, 0, 0, 999_999, tzinfo=UTC), "2026-03-01T12:00:00.999Z"),
        (datetime(2026, 3, 1, 12, 0, 0, 1_000, tzinfo=UTC), "2026-03-01T12:00:00.001Z"),
    ],
)
def test_an_instant_is_written_in_milliseconds(instant: datetime | None, expected: str) -> None:
    assert instant_text(instant) == expected


@pytest.mark.parametrize(
    ("host", "url", "anonymous", "expected"),
    [
        ("127.0.0.1", "", None, True),
        ("localhost", "", None, True),
        ("::1", "", None, True),
        ("[::1]", "", None, True),
        ("0.0.0.0", "", None, False),  # noqa: S104 - nothing listens
        ("jobs.example.org", "", None, False),
        ("127.0.0.1", "bolt://localhost", None, False),
        ("0.0.0.0", "bolt://localhost", True, True),  # noqa: S104 - nothing listens
        ("127.0.0.1", "", False, False),
    ],
)
def test_anonymous_visitors_are_served_on_loopback_with_the_embedded_store_or_as_set(
    host: str,
    url: str,
    anonymous: bool | None,  # noqa: FBT001 - a setting
    expected: bool,  # noqa: FBT001 - an expectation
) -> None:
    assert serves_anonymous(Settings(host=host, graph_url=url, anonymous=anonymous)) is expected


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (
            "https://example.org/?a&b",
            '<a href="https://example.org/?a&amp;b" rel="noreferrer">https://example.org/?a&amp;b</a>',
        ),
        ("javascript:alert(1)", "javascript:alert(1)"),
    ],
)
def test_only_addresses_of_the_web_become_links(address: str, shown: str) -> None:
    templates = Environment(loader=PackageLoader("provstore.web"), autoescape=True)
    wanted = templates.from_string('{% from "parts.html" import web_link %}{{ web_link(address) }}')
    assert wanted.render(address=address) == shown
