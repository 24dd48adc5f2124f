"""vo-models, which others wrote, reads every document of ours as we mean it."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from vo_models.uws.models import Jobs, JobSummary, MultiValuedParameter, Parameter, Parameters, Results

from provstore.uws.phases import Phase
from tests.web.served import BASE, BIRTH, CURIE, STACKED, Served, job_id


class StackParameters(Parameters):
    """What the service ``stack`` takes."""

    threshold: Parameter
    mode: Parameter
    count: Parameter
    note: Parameter | None = None
    image: Parameter
    flats: MultiValuedParameter | None = None
    observation: Parameter | None = None
    config: Parameter


class SleepParameters(Parameters):
    """What the service ``sleep`` takes."""

    duration: Parameter
    exit_code: Parameter
    text: Parameter


SleepJob = JobSummary[SleepParameters]
StackJob = JobSummary[StackParameters]


@pytest.mark.parametrize("phase", list(Phase))
def test_a_job_in_each_phase(served: Served, phase: Phase) -> None:
    job = served.create(RUNID="a < b")
    served.force(job, phase)
    read = SleepJob.from_xml(served.anonymous.get(job).data)
    assert (read.job_id, read.phase, read.run_id, read.version) == (job_id(job), phase.value, "a < b", "1.1")
    assert (read.owner_id, read.creation_time) == (None, BIRTH)
    assert read.destruction == BIRTH + timedelta(days=30)


def test_a_job_that_is_over_with_everything(served: Served) -> None:
    files = {"flats": [(io.BytesIO(b"1"), "f1"), (io.BytesIO(b"2"), "f2")], "image": (io.BytesIO(b"x"), "a b.fits")}
    job = served.create("stack", by=served.curie, count=7, observation="33794", **files)
    served.execute(job, by=served.curie)
    served.clock.advance(2)
    served.finish(job, STACKED)
    read = StackJob.from_xml(served.curie.get(job).data)
    assert (read.phase, read.owner_id, read.execution_duration) == ("COMPLETED", CURIE, 120)
    assert (read.start_time, read.end_time) == (BIRTH, BIRTH + timedelta(seconds=2))
    assert read.quote == BIRTH + timedelta(seconds=30)
    assert read.parameters
    assert (read.parameters.count.value, read.parameters.count.by_reference) == ("7", False)
    assert read.parameters.image.by_reference is True
    assert str(read.parameters.image.value).startswith(f"{BASE}{job}/parameters/image")
    assert [one.by_reference for one in read.parameters.flats or ()] == [True, True]
    assert read.results
    assert [(one.id, one.href, one.size, one.mime_type) for one in read.results.results or ()] == [
        ("stacked", f"{BASE}{job}/results/result", 7, "image/fits"),
        ("log", f"{BASE}{job}/results/log", 8, "text/plain"),
    ]


def test_a_failure(served: Served) -> None:
    job = served.create()
    served.execute(job)
    served.finish(job, {"stderr": b"no such table\n"}, exit_code=3)
    summary = SleepJob.from_xml(served.anonymous.get(job).data).error_summary
    assert summary
    assert (summary.type, summary.has_detail, "3" in summary.message) == ("fatal", True, True)


def test_the_list(served: Served) -> None:
    jobs = [served.create(by=served.curie, RUNID=f"run {number}") for number in range(3)]
    read = Jobs.from_xml(served.curie.get("/uws/sleep?LAST=2").data)
    assert read.version == "1.1"
    assert [(one.job_id, one.phase, one.run_id, one.owner_id, one.href) for one in read.jobref or ()] == [
        (job_id(jobs[number]), "PENDING", f"run {number}", CURIE, BASE + jobs[number]) for number in (2, 1)
    ]
    assert {one.creation_time for one in read.jobref or ()} == {BIRTH}
    assert Jobs.from_xml(served.anonymous.get("/uws/sleep").data).jobref == []


def test_results_and_parameters_alone(served: Served) -> None:
    job = served.completed(text="a & b")
    (result,) = Results.from_xml(served.anonymous.get(f"{job}/results").data).results or []
    assert (result.id, result.href, result.size) == ("result", f"{BASE}{job}/results/result", 5)
    read = SleepParameters.from_xml(served.anonymous.get(f"{job}/parameters").data)
    assert (read.text.value, read.duration.value) == ("a & b", "1")
    assert Results.from_xml(served.anonymous.get(f"{served.create()}/results").data).results == []


def test_times_are_utc(served: Served) -> None:
    job = served.completed()
    read = SleepJob.from_xml(served.anonymous.get(job).data)
    assert read.end_time
    assert read.end_time.astimezone(UTC) == datetime(2026, 3, 1, 12, 0, 2, tzinfo=UTC)
