"""The rules of the queue: who is next, the whole order, and the words for why a job waits."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.accounts.callers import ANONYMOUS
from provstore.uws.jobs import JobId
from provstore.uws.queue.rules import Crowd, Limits, Queued, in_order, next_owners, reason

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
A, B, C = "a1", "a2", "a3"
NONE = Limits(slots={"local": 4})


def job(number: int, owner: str) -> Queued:
    return Queued(NOON + timedelta(seconds=number), JobId(f"j{number:02}"), owner)


def ids(queue: tuple[Queued, ...]) -> str:
    return " ".join(one.id for one in queue)


@pytest.mark.parametrize(
    ("owners", "running", "limits", "expected"),
    [
        ((), {}, NONE, ()),
        ((A, B), {}, NONE, (A, B)),
        ((A, B), {A: 1}, NONE, (B,)),
        ((A, B), {A: 1, B: 1, C: 0}, NONE, (A, B)),
        ((A, B), {A: 2, B: 5}, Limits(slots={}, user=2), ()),
        ((A, B), {A: 2, B: 1}, Limits(slots={}, user=2), (B,)),
        ((A, ANONYMOUS.agent), {A: 3, ANONYMOUS.agent: 1}, Limits(slots={}, anonymous=1), (A,)),
        ((A, ANONYMOUS.agent), {A: 3, ANONYMOUS.agent: 1}, Limits(slots={}, user=3, anonymous=2), (ANONYMOUS.agent,)),
    ],
)
def test_those_with_the_fewest_running_jobs_are_next_if_they_may(
    owners: tuple[str, ...], running: dict[str, int], limits: Limits, expected: tuple[str, ...]
) -> None:
    assert next_owners(owners, running, limits) == expected


def test_people_take_turns_and_each_one_s_jobs_go_by_age() -> None:
    queue = [job(1, A), job(2, A), job(3, A), job(4, B), job(5, C), job(6, B)]
    assert ids(in_order(queue, {}, NONE)) == "j01 j04 j05 j02 j06 j03"
    assert ids(in_order(list(reversed(queue)), {}, NONE)) == "j01 j04 j05 j02 j06 j03"
    assert ids(in_order(queue, {A: 2, C: 1}, NONE)) == "j04 j05 j06 j01 j02 j03"


def test_jobs_beyond_their_owner_s_limit_come_last() -> None:
    queue = [job(1, ANONYMOUS.agent), job(2, ANONYMOUS.agent), job(3, B), job(4, B)]
    assert ids(in_order(queue, {B: 3}, Limits(slots={}, anonymous=1))) == "j01 j03 j04 j02"


OWNERS = st.sampled_from([A, B, C, ANONYMOUS.agent])
LIMITS = st.builds(Limits, slots=st.just({}), user=st.integers(0, 3), anonymous=st.integers(0, 3))
QUEUES = st.lists(st.tuples(st.integers(0, 9), OWNERS), max_size=12).map(
    lambda rows: [
        Queued(NOON + timedelta(seconds=at), JobId(f"j{number:02}"), owner) for number, (at, owner) in enumerate(rows)
    ]
)
RUNNING = st.dictionaries(OWNERS, st.integers(0, 4))


@given(QUEUES, RUNNING, LIMITS)
def test_starting_one_after_the_other_keeps_the_order_that_was_told(
    queue: list[Queued], running: dict[str, int], limits: Limits
) -> None:
    left, now, started = sorted(queue), Counter(running), []
    while owners := next_owners({one.owner for one in left}, now, limits):
        first = next(one for one in left if one.owner in owners)
        left.remove(first)
        now[first.owner] += 1
        started.append(first)
    order = in_order(queue, running, limits)
    assert order[: len(started)] == tuple(started)
    assert sorted(order) == sorted(queue)
    assert all(limits.reached(one.owner, now[one.owner]) for one in left)


@given(QUEUES, RUNNING, LIMITS)
def test_nobody_gets_two_slots_more_than_another_who_waits(
    queue: list[Queued], running: dict[str, int], limits: Limits
) -> None:
    now = Counter(running)
    for index, one in enumerate(order := in_order(queue, running, limits)):
        if limits.reached(one.owner, now[one.owner]):
            break
        now[one.owner] += 1
        waiting = {other.owner for other in order[index + 1 :] if not limits.reached(other.owner, now[other.owner])}
        assert all(now[one.owner] <= now[other] + 1 for other in waiting)


@pytest.mark.parametrize(
    ("owner", "place", "crowd", "limits", "expected"),
    [
        (A, 1, Crowd(of_owner=0, of_executor=3), NONE, ""),
        (A, 2, Crowd(of_owner=0, of_executor=3), NONE, "1 other job is started before it"),
        (A, 3, Crowd(of_owner=0, of_executor=3), NONE, "2 other jobs are started before it"),
        (A, 1, Crowd(of_owner=0, of_executor=4), NONE, "all 4 slots of local are taken"),
        (A, 9, Crowd(of_owner=4, of_executor=5), NONE, "all 4 slots of local are taken"),
        (
            A,
            1,
            Crowd(of_owner=2, of_executor=4),
            Limits(slots={"local": 4}, user=2),
            "its owner may run 2 jobs at a time, and 2 are running",
        ),
        (A, 1, Crowd(of_owner=1, of_executor=1), Limits(slots={"local": 4}, user=2), ""),
        (
            ANONYMOUS.agent,
            1,
            Crowd(of_owner=1, of_executor=1),
            Limits(slots={"local": 4}, user=9, anonymous=1),
            "visitors without a token may run 1 job at a time, and 1 is running",
        ),
        (A, 1, Crowd(of_owner=0, of_executor=9), Limits(slots={"cluster": 1}), ""),
    ],
)
def test_a_job_says_why_it_waits(owner: str, place: int, crowd: Crowd, limits: Limits, expected: str) -> None:
    assert reason(owner, "local", place=place, crowd=crowd, limits=limits) == expected
