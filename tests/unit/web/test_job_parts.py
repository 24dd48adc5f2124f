"""The way of a job as a line of stations, and the commands that its page gives to copy."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime, timedelta

import pytest

from provstore.graph.model import NodeId
from provstore.uws.jobs import Change, Job, JobId, JobParameter
from provstore.uws.phases import Phase
from provstore.web.pages.jobs.commands import commands
from provstore.web.pages.jobs.progress import stations

BIRTH = datetime(2026, 3, 1, tzinfo=UTC)
NAMESPACE = "urn:x#"


def history(*phases: Phase) -> tuple[Change, ...]:
    return tuple(
        Change(phase=one, at=BIRTH + timedelta(minutes=number), cause="x") for number, one in enumerate(phases)
    )


def line(*phases: Phase) -> list[tuple[str, str, float | None]]:
    given = stations(history(*phases), now=BIRTH + timedelta(minutes=len(phases)))
    return [(one.phase, one.place, one.took.total_seconds() / 60 if one.took else None) for one in given]


P = Phase


@pytest.mark.parametrize(
    ("phases", "expected"),
    [
        ((), []),
        (
            (P.PENDING,),
            [("PENDING", "here", 1), *((one, "ahead", None) for one in ("QUEUED", "EXECUTING", "COMPLETED"))],
        ),
        (
            (P.PENDING, P.QUEUED, P.EXECUTING, P.ERROR),
            [("PENDING", "done", 1), ("QUEUED", "done", 1), ("EXECUTING", "done", 1), ("ERROR", "here", None)],
        ),
        (
            (P.QUEUED, P.EXECUTING, P.SUSPENDED, P.EXECUTING),
            [("QUEUED", "done", 1), ("SUSPENDED", "done", 1), ("EXECUTING", "here", 2), ("COMPLETED", "ahead", None)],
        ),
        ((P.PENDING, P.ABORTED), [("PENDING", "done", 1), ("ABORTED", "here", None)]),
    ],
)
def test_each_phase_is_a_station_with_the_time_spent_in_it(
    phases: tuple[Phase, ...], expected: list[tuple[str, str, float | None]]
) -> None:
    assert line(*phases) == expected


@pytest.mark.parametrize("phase", list(Phase))
def test_every_phase_has_its_line(phase: Phase) -> None:
    places = [one.place for one in stations(history(phase), now=BIRTH)]
    assert places.count("here") == 1


def job() -> Job:
    given = JobParameter(name="text", value="it's; $(rm -rf x)")
    default = JobParameter(name="n", value="1", given=False)
    file = JobParameter(name="image", value="m31.fits", by_reference=True, entity=NodeId(f"{NAMESPACE}e1"))
    return Job(
        id=JobId("j1"),
        node=NodeId(f"{NAMESPACE}j1"),
        service="sleep",
        phase=Phase.COMPLETED,
        owner="a1",
        run_id="",
        created_at=BIRTH,
        started_at=None,
        ended_at=None,
        quote_at=None,
        destruction_at=None,
        execution_duration=timedelta(0),
        revision="sleep@1",
        parameters=(given, default, file),
        inputs=(file,),
    )


def test_the_command_for_curl_gives_values_as_data_and_files_by_id() -> None:
    given = dict(commands(job(), base="http://x", namespace=NAMESPACE, signed_in=True))["curl: run it again"]
    words = [word for word in shlex.split(given) if word.strip()]
    assert words[-3:] == ["-d", "PHASE=RUN", "http://x/uws/sleep"]
    assert [word for word in words if word.startswith(("text=", "n=", "image="))] == [
        "text=it's; $(rm -rf x)",
        "image=e1",
    ]
    assert "Authorization: Bearer $PROVSTORE_TOKEN" in words


@pytest.mark.parametrize("signed_in", [True, False])
def test_commands_in_python_are_python(*, signed_in: bool) -> None:
    for what, command in commands(job(), base="http://x", namespace=NAMESPACE, signed_in=signed_in):
        assert ("PROVSTORE_TOKEN" in command) <= signed_in
        if not what.startswith("curl"):
            compile(command, what, "exec")
