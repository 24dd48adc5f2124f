"""Events and sharing on a real server, over each store: other processes, a new start, and a server that stops."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from provstore.client import Client
from tests.e2e.conftest import MakeServed
from tests.e2e.served import PATIENCE, Served, finish, start, until

START = "2020-01-01"


class Listener:
    """Listens to a stream of events in a thread of its own, until it ends."""

    def __init__(self, address: str, **headers: str) -> None:
        self.events: list[tuple[str, dict[str, str]]] = []
        self.ids: list[str] = []
        self.ready = threading.Event()
        self._stream = httpx.stream("GET", f"{address}/events", headers=headers, timeout=PATIENCE)
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()
        assert self.ready.wait(PATIENCE)

    def _listen(self) -> None:
        event = ""
        with suppress(httpx.HTTPError), self._stream as response:  # a server that is killed breaks off
            for line in response.iter_lines():
                name, _, value = line.partition(": ")
                if name == "retry":
                    self.ready.set()
                elif name == "id":
                    self.ids.append(value)
                elif name == "event":
                    event = value
                elif name == "data":
                    self.events.append((event, json.loads(value)))

    def phases(self, job: str) -> list[str]:
        return [data["phase"] for _, data in self.events if data.get("jobId") == job]


@pytest.fixture
def listener(served_on_any: Served) -> Listener:
    return Listener(served_on_any.address, Authorization=f"Bearer {served_on_any.admin_token}")


WHOLE = ["PENDING", "QUEUED", "EXECUTING", "COMPLETED"]


def test_a_job_is_followed_from_its_making_to_its_end(any_client: Client, listener: Listener) -> None:
    job = finish(any_client, "one", "echo x > out.txt")
    until(lambda: listener.phases(job.id) == WHOLE, what=f"{listener.events}")


def test_what_another_process_does_is_heard_too(served_on_any: Served, listener: Listener) -> None:
    done = served_on_any.command("run", "one", "-p", "code=echo x > out.txt", "--wait", "--json")
    assert done.returncode == 0, done.stderr
    until(lambda: "COMPLETED" in [data.get("phase") for _, data in listener.events], what=f"{listener.events}")


def test_who_comes_back_after_a_new_start_has_missed_nothing(make_served: MakeServed) -> None:
    served = make_served().start()
    first = Listener(served.address)
    with served.client() as client:
        job = start(client, "one", "sleep 2; echo x > out.txt")
        until(lambda: first.phases(job.id) == WHOLE[:3], what=f"{first.events}")
        served.kill()
        first.thread.join(PATIENCE)
    time.sleep(2.5)  # the job ends while no server runs
    served.start()
    again = Listener(served.address, **{"Last-Event-ID": first.ids[-1]})
    until(lambda: "COMPLETED" in again.phases(job.id), what=f"{again.events}")
    told = dict.fromkeys([*first.ids, *again.ids])
    assert [one.rsplit("/", 1)[1] for one in told if job.id in one] == ["0", "1", "2", "3"]
    assert served.stop() == 0


def test_a_server_stops_at_once_though_clients_listen_and_wait(make_served: MakeServed) -> None:
    served = make_served().start()
    listeners = [Listener(served.address) for _ in range(5)]
    with served.client() as client:
        job = start(client, "one", "sleep 60")
        until(lambda: client.job("one", job.id).phase == "EXECUTING")
    waiting = subprocess.Popen(
        ["curl", "--silent", f"{served.address}/uws/one/{job.id}?WAIT=60&PHASE=EXECUTING"], stdout=subprocess.PIPE
    )
    headers = {"Authorization": f"Bearer {served.admin_token}"}
    until(lambda: "provstore_waiters 1.0" in httpx.get(f"{served.address}/metrics", headers=headers).text)
    began = time.monotonic()
    assert served.stop() == 0
    assert time.monotonic() - began < 10
    for one in listeners:
        one.thread.join(PATIENCE)
        assert one.events[-1] == ("close", {"reason": "the server stops"})
    out, _ = waiting.communicate(timeout=PATIENCE)
    assert b"<uws:phase>EXECUTING</uws:phase>" in out


def test_a_job_is_shared_from_a_date_on(served_on_any: Served) -> None:
    made = served_on_any.command("user", "add", f"owner{datetime.now(UTC):%H%M%S%f}")
    assert made.returncode == 0, made.stderr
    with served_on_any.client(token=made.stdout.split()[-1]) as owner, served_on_any.client() as stranger:
        job = finish(owner, "one", "echo shared > out.txt")
        place = f"/uws/one/{job.id}"
        headers = {"Authorization": f"Bearer {made.stdout.split()[-1]}"}

        def seen() -> list[int]:
            answers = (f"{place}", f"{place}/results/result", f"/store/e{job.id[1:]}.result", f"{place}/prov")
            return [httpx.get(f"{served_on_any.address}{one}").status_code for one in answers]

        assert seen() == [403, 403, 404, 403]
        until_at = datetime.now(UTC) + timedelta(seconds=1)
        body = {"reader": "public", "from": f"{until_at:%Y-%m-%dT%H:%M:%S.%f}Z"}
        answer = httpx.post(f"{served_on_any.address}{place}/sharing", json=body, headers=headers)
        assert (answer.status_code, answer.json()["items"][0]["visible"]) == (200, False)
        assert seen() == [403, 403, 404, 403]
        until(lambda: seen() == [200] * 4, what="it is opened when its date has come")
        assert datetime.now(UTC) >= until_at
        assert stranger.fetch(f"{place}/results/result") == b"shared\n"
        answer = httpx.post(
            f"{served_on_any.address}{place}/sharing", data={"READER": "public", "ACTION": "REMOVE"}, headers=headers
        )
        assert answer.json()["items"] == []
        assert seen() == [403, 403, 404, 403]
