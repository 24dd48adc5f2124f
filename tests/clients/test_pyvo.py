"""pyvo runs jobs here, reads our documents, and signs in with a token."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
import requests
from pyvo.auth import authsession, securitymethods
from pyvo.dal import AsyncTAPJob, TAPService
from pyvo.dal.exceptions import DALQueryError, DALServiceError
from pyvo.io.uws import parse_job, parse_job_list

from tests.e2e.served import Served


@pytest.fixture
def tap(served: Served, session: requests.Session) -> TAPService:
    """The services of our server, as pyvo sees a TAP service."""
    return TAPService(f"{served.address}/uws", session=session)


@pytest.fixture
def submit(tap: TAPService) -> Iterator[Callable[..., AsyncTAPJob]]:
    """Make a job; in the end it is deleted if the test did not."""
    made: list[AsyncTAPJob] = []

    def make(query: str, **options: object) -> AsyncTAPJob:
        made.append(tap.submit_job(query, **options))
        return made[-1]

    yield make
    for job in made:
        if job.url:
            job.delete()


def test_a_job_is_made_run_waited_for_fetched_and_deleted(
    submit: Callable[..., AsyncTAPJob], session: requests.Session
) -> None:
    job = submit("wait a little")
    assert (job.phase, job.uws_version, job.query, job.owner) == ("PENDING", "1.1", "wait a little", None)
    began = datetime.now(UTC)
    assert job.run().wait().phase == "COMPLETED"
    assert datetime.now(UTC) - began < timedelta(seconds=20)
    assert {one.id_: one.mimetype for one in job.results} == {
        "log": "text/plain",
        "result": "application/x-votable+xml",
    }
    table = job.fetch_result().to_table()
    assert table["query"].tolist() == ["wait a little"]
    log = next(one.href for one in job.results if one.id_ == "log")
    assert session.get(log).text == "asked by somebody\nin ADQL\n"
    url = job.url
    job.delete()
    assert session.get(url).status_code == 404


def test_one_call_runs_a_job_to_its_end_and_removes_it(tap: TAPService) -> None:
    assert tap.run_async("all at once").to_table()["query"].tolist() == ["all at once"]


def test_the_query_and_the_times_of_a_pending_job_are_changed(submit: Callable[..., AsyncTAPJob]) -> None:
    job = submit("first")
    job.query = "second"
    job.execution_duration = 60
    until = datetime.now(UTC).replace(microsecond=0, tzinfo=None) + timedelta(days=2)
    job.destruction = until
    assert job.query == "second"
    assert job.execution_duration.to_value("s") == 60
    assert job.destruction.to_datetime() == until


def test_an_aborted_job_and_a_failed_one_say_so(submit: Callable[..., AsyncTAPJob]) -> None:
    aborted, failed = submit("wait for me").run(), submit("fail, please").run()
    assert aborted.abort().phase == "ABORTED"
    with pytest.raises(DALServiceError, match="Job is not active"):
        aborted.wait()
    assert failed.wait().phase == "ERROR"
    with pytest.raises(DALQueryError, match="3"):
        failed.raise_if_error()


def test_a_job_with_a_parameter_that_is_unknown_is_refused(tap: TAPService, session: requests.Session) -> None:
    with pytest.raises(DALServiceError, match="unknown name 'NONSENSE'; known: QUERY, "):
        AsyncTAPJob.create(tap.baseurl, "one", session=session, nonsense="two")


def test_jobs_and_lists_are_read(served: Served, submit: Callable[..., AsyncTAPJob], session: requests.Session) -> None:
    finished, pending = submit("one").run().wait(), submit("two")
    listed = parse_job_list(BytesIO(session.get(f"{served.address}/uws/async?LAST=2").content), pedantic=True)
    assert {one.jobid: one.phase for one in listed} == {finished.job_id: "COMPLETED", pending.job_id: "PENDING"}
    read = parse_job(BytesIO(session.get(finished.url).content), pedantic=True)
    assert (read.jobid, read.phase, read.version) == (finished.job_id, "COMPLETED", "1.1")
    assert {one.id_: one.content for one in read.parameters}["QUERY"] == "one"
    assert next(one.size for one in read.results) == len("asked by somebody\nin ADQL\n")
    assert read.starttime <= read.endtime


def test_a_list_is_filtered_as_pyvo_asks_for_it(tap: TAPService, submit: Callable[..., AsyncTAPJob]) -> None:
    pending = submit("waiting for nothing")
    after = pending.job.creationtime.to_datetime() - timedelta(seconds=1)
    found = tap.get_job_list(phases=["PENDING"], after=after, last=5)
    assert pending.job_id in {one.jobid for one in found}
    assert {one.phase for one in found} == {"PENDING"}


def test_who_signs_in_with_a_token_owns_his_jobs(
    served: Served, known: requests.Session, session: requests.Session
) -> None:
    auth = authsession.AuthSession()
    auth.add_security_method_for_url(served.address, securitymethods.BASIC)
    auth.credentials.set(securitymethods.BASIC, known)
    job = AsyncTAPJob.create(f"{served.address}/uws", "hers", session=auth)
    assert job.owner == "ada"
    assert session.get(job.url).status_code == 403
    assert job.run().wait().fetch_result().to_table()["query"].tolist() == ["hers"]
    job.delete()
