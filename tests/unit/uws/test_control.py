from datetime import UTC, datetime, timedelta

import pytest

from provstore.errors import Invalid
from provstore.graph.model import NodeId
from provstore.settings import Settings
from provstore.uws.control import (
    clamp_destruction,
    clamp_duration,
    controls_of,
    parse_duration,
    parse_instant_of_client,
    quote_at,
)
from provstore.uws.descriptions.model import Description, Extra
from provstore.uws.publishing.revisions import Revision

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def revision(seconds: int | None = None, **extra: str) -> Revision:
    words = tuple(Extra(name=name, value=value) for name, value in extra.items())
    description = Description(name="s", execution_duration=seconds, extra=words)
    return Revision(node=NodeId("d"), number=1, description=description, digest="", created_at=NOON)


def test_control_names_count_in_any_case_and_the_others_are_left_as_they_are() -> None:
    controls, others = controls_of({"phase": "RUN", "RunId": "r", "Executionduration": "5", "Text": "x", "runid ": "y"})
    assert (controls.run, controls.run_id, controls.execution_duration) == (True, "r", timedelta(seconds=5))
    assert (controls.destruction_at, controls.uploads) == (None, {})
    assert others == {"Text": "x", "runid ": "y"}


def test_nothing_said_is_a_pending_job_with_the_limits_of_the_site() -> None:
    controls, others = controls_of({})
    assert (controls.run, controls.run_id, controls.execution_duration, controls.destruction_at) == (
        False,
        "",
        None,
        None,
    )
    assert others == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("a,param:x", {"a": "param:x"}),
        ("a,param:x;b,http://h/x,y", {"a": "param:x", "b": "http://h/x,y"}),
        (" a , b ; ; ", {"a": "b"}),
    ],
)
def test_uploads_are_pairs_of_name_and_address(text: str, expected: dict[str, str]) -> None:
    assert controls_of({"UPLOAD": text})[0].uploads == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PHASE", ""),
        ("PHASE", "run"),
        ("PHASE", "ABORT"),
        ("RUNID", "x" * 65),
        ("RUNID", "\0"),
        ("EXECUTIONDURATION", "1.5"),
        ("DESTRUCTION", "soon"),
        ("UPLOAD", "a"),
        ("ACTION", "DELETE"),
    ],
)
def test_a_wrong_control_is_refused_by_its_name_with_its_value(name: str, value: str) -> None:
    with pytest.raises(Invalid) as caught:
        controls_of({name.lower(): value})
    assert (caught.value.field, caught.value.value) == (name, value)


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("007", 7), (" 60\n", 60), ("999999999", 999_999_999), ("9" * 5000, 999_999_999)]
)
def test_a_duration_is_whole_seconds(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", "1e3", "x", "1 2", "\x00", "\u0663"])
def test_a_duration_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="whole seconds are needed, 0 for unlimited"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-03", datetime(2026, 3, 1, tzinfo=UTC)),
        ("20260301", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01 12:00", NOON),
        ("2026-03-01T12:00:00Z", NOON),
        (" 2026-03-01T12:00:00 ", NOON),
        ("2026-03-01T12:00:00.5", NOON + timedelta(seconds=0.5)),
        ("2026-03-01T12:00:00.000001Z", NOON + timedelta(microseconds=1)),
        ("2026-03-01T12:00:00.000001999Z", NOON + timedelta(microseconds=1)),
        ("2024-02-29", datetime(2024, 2, 29, tzinfo=UTC)),
    ],
)
def test_an_instant_is_as_precise_as_the_client_cares(text: str, expected: datetime) -> None:
    assert parse_instant_of_client(text, field="AFTER") == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "202",
        "2026-3",
        "2026-02-29",
        "2026-03-01T",
        "2026-03-01T12",
        "2026-03-01T12:00:60",
        "2026-03-01T24:00",
        "2026-03-01T12:00:00+01:00",
        "2026-03-01T12:00:00+00:00",
        "2026-03-01Z",
        "0000-01-01",
        "\u0662\u0660\u0662\u0666",
        "2026-03-01T12:00:00.",
    ],
)
def test_an_instant_that_is_none_or_elsewhere_is_refused_by_its_field(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_instant_of_client(text, field="AFTER")
    assert (caught.value.field, caught.value.value) == ("AFTER", text)


@pytest.mark.parametrize(
    ("asked", "declared", "most", "expected"),
    [
        (None, None, HOUR, timedelta(seconds=120)),
        (None, 60, HOUR, timedelta(seconds=60)),
        (None, 0, HOUR, HOUR),
        (None, 7200, HOUR, HOUR),
        (timedelta(0), 60, HOUR, HOUR),
        (timedelta(0), 60, timedelta(0), timedelta(0)),
        (timedelta(seconds=1), 60, HOUR, timedelta(seconds=1)),
        (2 * HOUR, 60, HOUR, HOUR),
        (HOUR, 60, HOUR, HOUR),
        (2 * HOUR, 60, timedelta(0), 2 * HOUR),
    ],
)
def test_a_duration_is_the_asked_one_else_the_declared_one_within_the_limit(
    asked: timedelta | None, declared: int | None, most: timedelta, expected: timedelta
) -> None:
    settings = Settings(execution_duration_max=most)
    assert clamp_duration(asked, revision=revision(declared), settings=settings) == expected


@pytest.mark.parametrize(
    ("asked", "declared", "most", "expected"),
    [
        (None, "60", HOUR, 60),
        (None, " 600 ", HOUR, 120),
        (timedelta(0), "600", HOUR, 600),
        (timedelta(0), "600", timedelta(0), 600),
        (timedelta(seconds=700), "600", HOUR, 600),
        (timedelta(seconds=500), "600", HOUR, 500),
        (2 * HOUR, "7200", HOUR, 3600),
        (2 * HOUR, "0", HOUR, 3600),
        (2 * HOUR, "long", HOUR, 3600),
    ],
)
def test_a_description_may_limit_the_duration_of_its_jobs_within_the_limit_of_the_site(
    asked: timedelta | None, declared: str, most: timedelta, expected: int
) -> None:
    settings = Settings(execution_duration_max=most)
    described = revision(executionDuration_max=declared)
    assert clamp_duration(asked, revision=described, settings=settings) == timedelta(seconds=expected)


def test_a_destruction_time_is_limited_from_the_creation_on() -> None:
    settings = Settings(destruction=HOUR, destruction_max=3 * HOUR)
    later = NOON + 2 * HOUR
    held = [
        clamp_destruction(asked, settings=settings, at=later, created_at=NOON)
        for asked in (NOON + 2.5 * HOUR, NOON + 3 * HOUR, NOON + 9 * HOUR)
    ]
    assert held == [NOON + 2.5 * HOUR, NOON + 3 * HOUR, NOON + 3 * HOUR]
    with pytest.raises(Invalid, match="no job is kept longer than 3:00:00 after its creation"):
        clamp_destruction(NOON + 9 * HOUR, settings=settings, at=NOON + 3 * HOUR, created_at=NOON)


def test_a_destruction_time_is_the_asked_one_within_the_limit() -> None:
    settings = Settings(destruction=HOUR, destruction_max=3 * HOUR)
    asked = [None, NOON + 2 * HOUR, NOON + 3 * HOUR, NOON + 4 * HOUR]
    held = [clamp_destruction(one, settings=settings, at=NOON) for one in asked]
    assert held == [NOON + HOUR, NOON + 2 * HOUR, NOON + 3 * HOUR, NOON + 3 * HOUR]


@pytest.mark.parametrize("asked", [NOON, NOON - timedelta(microseconds=1), datetime.min.replace(tzinfo=UTC)])
def test_a_destruction_time_that_is_not_to_come_is_refused(asked: datetime) -> None:
    with pytest.raises(Invalid, match="lies in the past; it is 2026-03-01T12:00:00") as caught:
        clamp_destruction(asked, settings=Settings(), at=NOON)
    assert caught.value.field == "DESTRUCTION"


# --- the quote


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        (" ", None),
        ("0", timedelta(0)),
        (" 90 ", timedelta(seconds=90)),
        ("9" * 50, timedelta(seconds=999_999_999)),
        ("2026-03-01T13:00:00Z", NOON + HOUR),
        ("2027-01-01", datetime(2027, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_quote_is_seconds_or_an_instant(text: str, expected: timedelta | datetime | None) -> None:
    controls, others = controls_of({"uws_quote": text})
    assert (controls.quote, others) == (expected, {})


@pytest.mark.parametrize("text", ["-1", "1.5", "1e3", "soon", "2026-13-01", "2026-03-01T13:00:00+01:00", "12\n13"])
def test_a_quote_that_is_neither_is_refused_with_its_value(text: str) -> None:
    with pytest.raises(Invalid, match=r"^UWS_QUOTE=.*whole seconds or an ISO 8601 instant") as caught:
        controls_of({"UWS_QUOTE": text})
    assert (caught.value.field, caught.value.value) == ("UWS_QUOTE", text)


@pytest.mark.parametrize(
    ("asked", "declared", "expected"),
    [
        (None, None, None),
        (None, 30, NOON + timedelta(seconds=30)),
        (timedelta(seconds=5), 30, NOON + timedelta(seconds=5)),
        (timedelta(0), None, NOON),
        (NOON + HOUR, 30, NOON + HOUR),
        (None, 10**30, NOON + timedelta(seconds=999_999_999)),
    ],
)
def test_what_the_client_expects_counts_before_what_the_service_does(
    asked: timedelta | datetime | None, declared: int | None, expected: datetime | None
) -> None:
    assert quote_at(asked, declared=declared, created_at=NOON) == expected


def test_no_job_is_expected_to_end_before_it_is_created() -> None:
    with pytest.raises(Invalid, match="the job is only created at 2026-03-01T12:00:00"):
        quote_at(NOON - HOUR, declared=None, created_at=NOON)


# --- resources of a cluster
