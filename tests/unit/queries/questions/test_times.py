"""What was there at a time, and what is counted over times."""

from __future__ import annotations

from typing import Any

import pytest

from provstore.errors import Invalid
from provstore.graph.model import format_instant
from provstore.graph.store import GraphStore
from tests.contract.graph_builders import add, agent, at, job
from tests.unit.queries.questions.scene import ANYBODY, EX, bring, local, survey, tell


def things(found: Any) -> list[str]:
    return sorted(local(one["id"]) for one in found["nodes"] if {"Entity", "Activity"} & set(one["class"]))


def test_only_what_had_happened_by_then_is_in_the_graph(store: GraphStore) -> None:
    survey(store)
    then = tell(store, "as-of", id="raw1", time=format_instant(at(15)))
    assert things(then) == ["cal1", "clean1", "raw1"]
    assert things(tell(store, "as-of", id="raw1", time=format_instant(at(0.5)))) == []
    later = tell(store, "as-of", id="raw1", time="2027-01-01", direction="down")
    assert things(later) == ["cal1", "cal3", "clean1", "clean3", "deep", "raw1", "stack"]


def test_a_job_is_in_its_phase_of_then(store: GraphStore) -> None:
    survey(store)
    running = tell(store, "as-of", id="cal1", time=format_instant(at(12)))
    (found,) = [one["attributes"] for one in running["nodes"] if local(one["id"]) == "cal1"]
    assert (found["phase"], "ended_at" in found, "cpu_seconds" in found) == ("PENDING", False, False)
    assert "clean1" not in things(running)


def test_times_of_documents_count(store: GraphStore) -> None:
    bring(
        store,
        """activity(ex:one, 2020-01-01T00:00:00, 2020-01-02T00:00:00)
        activity(ex:two, 2021-01-01T00:00:00, 2021-01-02T00:00:00)
        used(ex:one, ex:raw, 2020-01-01T00:00:00)
        wasGeneratedBy(ex:mid, ex:one, 2020-01-02T00:00:00)
        used(ex:two, ex:mid, 2021-01-01T00:00:00)
        wasGeneratedBy(ex:end, ex:two, -)""",
    )
    assert things(tell(store, "as-of", id=f"{EX}raw", time="2020-06-01")) == ["mid", "one", "raw"]
    assert things(tell(store, "as-of", id=f"{EX}end", time="2020-06-01")) == []


def test_jobs_are_counted_and_measured_by_service(store: GraphStore) -> None:
    survey(store)
    add(store, job("bad", service="cal", owner="alice", phase="ERROR", created_at=at(60)))
    history = '[["PENDING","x","y"],["COMPLETED","x","y"],["ARCHIVED","x","y"]]'
    add(store, job("old", service="cal", owner="alice", phase="ARCHIVED", history=history, created_at=at(61)))
    found = tell(store, "statistics")
    assert [(one["by"], one["jobs"]) for one in found["items"]] == [({"service": "cal"}, 5), ({"service": "stack"}, 1)]
    cal = found["items"][0]
    assert (cal["phases"], cal["success"]) == ({"COMPLETED": 4, "ERROR": 1}, 0.8)
    assert (cal["duration"]["count"], cal["duration"]["sum"], cal["duration"]["p90"]) == (3, 360.0, 120.0)
    assert (cal["wait"]["p50"], cal["cpu"]["sum"], cal["memory"]["max"]) == (60.0, 4.5, None)
    assert found["total"]["jobs"] == 6


def test_groups_may_be_by_user_and_time_in_a_zone_and_within_bounds(store: GraphStore) -> None:
    add(
        store,
        agent("alice", name="Alice"),
        *(
            job(f"j{hour}", service="s", owner="alice", phase="COMPLETED", created_at=at(60 * hour))
            for hour in (1, 22, 25)
        ),
    )
    found = tell(store, "statistics", by="user,day", tz="Europe/Paris")
    assert [(one["by"]["day"], one["jobs"]) for one in found["items"]] == [("2026-01-01", 2), ("2026-01-02", 1)]
    assert found["users"] == {"alice": "Alice"}
    within = tell(store, "statistics", from_="2026-01-02", to="2026-01-03", user="alice", service="s")
    assert (within["total"]["jobs"], within["total"]["success"]) == (1, 1.0)
    first = tell(store, "statistics", by="hour", limit=2)
    assert [one["by"]["hour"] for one in first["items"]] == ["2026-01-01T01", "2026-01-01T22"]
    second = tell(store, "statistics", by="hour", limit=2, after=first["next"])
    assert [one["by"]["hour"] for one in second["items"]] == ["2026-01-02T01"]


def test_percentiles_are_values_that_occur(store: GraphStore) -> None:
    jobs = [
        job(f"j{n:03d}", service="s", created_at=at(0), started_at=at(0), ended_at=at(n), max_rss=n)
        for n in range(1, 101)
    ]
    add(store, *jobs)
    (found,) = tell(store, "statistics")["items"]
    spread = found["memory"]
    assert [spread[name] for name in ("min", "p50", "p90", "p99", "max", "mean", "sum")] == [
        1,
        50,
        90,
        99,
        100,
        50.5,
        5050,
    ]
    assert found["success"] is None


def test_jobs_of_others_are_not_counted_and_wrong_words_are_refused(store: GraphStore) -> None:
    add(store, job("mine", service="s"), job("secret", service="s", readers=frozenset({"user:bob"})))
    assert tell(store, "statistics", ANYBODY)["total"]["jobs"] == 1
    with pytest.raises(Invalid, match="by='colour'"):
        tell(store, "statistics", by="colour")
    with pytest.raises(Invalid, match="time zone"):
        tell(store, "statistics", tz="Mars/Olympus")
