"""Sweeps and repeated requests on a real server, with real jobs, on either store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from provstore.client import Client
from provstore.errors import Conflict, Invalid
from tests.e2e.served import Served, until

ROWS = [{"text": f"row {number}"} for number in range(12)]


def test_a_sweep_runs_to_its_end_and_each_row_has_its_result(any_client: Client) -> None:
    sweep = any_client.run_sweep("sleep", ROWS, common={"duration": 0})
    assert sweep.total == len(ROWS)
    until(lambda: any_client.sweep("sleep", sweep.id).is_over, what="the end of the sweep")
    assert any_client.sweep("sleep", sweep.id).phases == {"COMPLETED": len(ROWS)}
    made = set()
    for one in any_client.jobs("sleep", SWEEP=sweep.id):
        made.add(any_client.fetch(any_client.job("sleep", one).results["result"].href).decode())
    assert made == {row["text"] for row in ROWS}
    assert any_client.jobs("sleep", text="row 7", duration="0", SWEEP=sweep.id) != ()


def test_a_wrong_row_makes_no_job(any_client: Client) -> None:
    before = any_client.jobs("sleep")
    with pytest.raises(Invalid, match="row 2: parameter duration: 'x' is not a finite number") as caught:
        any_client.run_sweep("sleep", [{}, {"duration": "x"}])
    assert (caught.value.field, caught.value.value) == ("duration", "x")
    assert any_client.jobs("sleep") == before


def test_a_request_sent_again_after_a_crash_and_by_many_at_once_makes_one_job(served: Served) -> None:
    values: dict[str, str | float] = {"text": "once", "duration": 0}
    with served.client() as client:
        first = client.run("sleep", parameters=values, key="night-1")
        served.kill()
    served.start()
    with served.client() as client, ThreadPoolExecutor(8) as pool:
        again = pool.map(lambda _: client.run("sleep", parameters=values, key="night-1").id, range(16))
        assert set(again) == {first.id}
        sweeps = pool.map(lambda _: client.run_sweep("sleep", ROWS, key="night-2").id, range(8))
        (sweep,) = set(sweeps)
        assert client.sweep("sleep", sweep).total == len(ROWS)
        assert len(client.jobs("sleep")) == 1 + len(ROWS)
        with pytest.raises(Conflict, match="was used for another request"):
            client.run("sleep", parameters={"text": "other"}, key="night-1")
