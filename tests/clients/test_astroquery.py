"""astroquery's TAP client: it starts jobs as it makes them, and reads UWS documents with parsers of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
from astroquery.utils.tap.conn import tapconn
from astroquery.utils.tap.core import Tap
from astroquery.utils.tap.xmlparser.jobListSaxParser import JobListSaxParser
from astroquery.utils.tap.xmlparser.jobSaxParser import JobSaxParser

from tests.e2e.served import Served


@pytest.fixture
def tap(served: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tap]:
    """The services of our server, as astroquery sees a TAP service; the connections that it leaves open are closed."""
    with ExitStack() as stack:

        def connected(*place: object) -> HTTPConnection:
            return stack.enter_context(closing(HTTPConnection(*place)))  # type: ignore[arg-type]  # host and port

        monkeypatch.setattr(tapconn, "httplib", SimpleNamespace(HTTPConnection=connected))
        yield Tap(url=f"{served.address}/uws")


def test_a_job_is_launched_waited_for_and_its_table_read(tap: Tap) -> None:
    job = tap.launch_job_async("wait a little", output_file=None, verbose=False)
    assert job.get_results()["query"].tolist() == ["wait a little"]
    assert job.get_phase(update=True) == "COMPLETED"


def test_a_job_that_is_not_to_run_yet_is_started_later(tap: Tap) -> None:
    job = tap.launch_job_async("later", autorun=False)
    assert job.get_phase(update=True) == "PENDING"
    job.start()
    assert job.get_results()["query"].tolist() == ["later"]


def test_a_table_is_sent_along(tap: Tap, tmp_path: Path, session: requests.Session) -> None:
    sent = tmp_path / "mine.txt"
    sent.write_text("of the client\n")
    job = tap.launch_job_async("with a table", upload_resource=str(sent), upload_table_name="mine")
    assert job.get_results()["query"].tolist() == ["with a table"]
    assert session.get(f"{job.remoteLocation}/results/log").text.endswith("\nof the client\n")
    assert session.get(f"{job.remoteLocation}/parameters/mine").text == "of the client\n"


def test_a_job_that_fails_says_why(tap: Tap) -> None:
    with pytest.raises(requests.exceptions.HTTPError):
        tap.launch_job_async("fail, please")


def test_jobs_are_listed_and_found_again(tap: Tap) -> None:
    job = tap.launch_job_async("to be found")
    assert job.jobid in {one.jobid for one in tap.list_async_jobs()}
    found = tap.load_async_job(jobid=job.jobid)
    assert (found.jobid, found.get_phase()) == (job.jobid, "COMPLETED")
    assert found.get_results()["query"].tolist() == ["to be found"]


def test_its_parsers_read_a_job_and_a_list(served: Served, session: requests.Session) -> None:
    values = {"QUERY": "read <me> & mine", "RUNID": "my run", "PHASE": "RUN"}
    address = session.post(f"{served.address}/uws/async", data=values).url
    (job,) = JobSaxParser(async_job=True).parseData(BytesIO(session.get(f"{address}?WAIT=20").content))
    assert (job.jobid, job.runid) == (address.rsplit("/", 1)[-1], "my run")
    assert job.parameters["QUERY"] == "read <me> & mine"
    listed = JobListSaxParser(async_job=True).parseData(BytesIO(session.get(f"{served.address}/uws/async").content))
    assert job.jobid in {one.jobid for one in listed}
