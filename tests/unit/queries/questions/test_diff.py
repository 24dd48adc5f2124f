"""What differs between two runs, found by meaning."""

from __future__ import annotations

from typing import Any

import pytest

from provstore.errors import NotFound, TooLarge
from provstore.graph.store import GraphStore
from tests.unit.queries.questions.scene import ANYBODY, EX, bring, local, survey, tell

STEPS = ("align", "reslice", "mean", "slice", "convert")


def chain(
    prefix: str, steps: tuple[str, ...] = STEPS, *, sums: str = "", step: int = 5, when: str = "2026-01-01"
) -> str:
    """Write a run of steps in a row, each of the file that the one before made; ids begin with the prefix."""
    said = [f'entity(ex:{prefix}f0, [ex:md5="raw"])']
    for number, name in enumerate(steps):
        activity, source, product = f"ex:{prefix}a{number}", f"ex:{prefix}f{number}", f"ex:{prefix}f{number + 1}"
        parameters = f', ex:step="{step}" %% xsd:int' if name == "align" else ""
        said += [
            f'activity({activity}, {when}T00:00:00, {when}T00:00:0{len(prefix)}, [prov:type="{name}"{parameters}])',
            f'entity({product}, [ex:md5="{name}{sums}"])',
            f'used({activity}, {source}, -, [prov:role="in"])',
            f'wasGeneratedBy({product}, {activity}, -, [prov:role="out"])',
        ]
    return "\n".join(said)


def compared(store: GraphStore, left: str, right: str, **more: object) -> Any:
    return tell(store, "diff", a=EX + left, b=EX + right, **more)


def statuses(found: Any, part: str = "activities") -> list[tuple[str, str]]:
    name = "kind" if part == "activities" else "activity"
    return sorted((one[name], one["status"]) for one in found[part] if one["status"] != "same")


def mirrored(found: Any) -> Any:
    """See an answer from the other side."""
    if isinstance(found, list):
        return sorted((mirrored(one) for one in found), key=repr)
    if isinstance(found, dict):
        swap = {"a": "b", "b": "a", "a_given": "b_given", "b_given": "a_given"}
        swap |= {
            "a_activity": "b_activity",
            "b_activity": "a_activity",
            "only in a": "only in b",
            "only in b": "only in a",
        }
        return dict(sorted((swap.get(name, name), mirrored(value)) for name, value in found.items()))
    words = {"only in a": "only in b", "only in b": "only in a"}
    return " / ".join(sorted(words.get(found, found).split(" / "))) if isinstance(found, str) else found


def ordered(found: Any) -> Any:
    return mirrored(mirrored(found))


def test_a_run_repeated_under_other_ids_and_times_is_identical(store: GraphStore) -> None:
    bring(store, chain("x") + "\n" + chain("yy", when="2026-02-02"))
    found = compared(store, "xf5", "yyf5")
    assert (found["summary"]["identical"], found["parameters"], statuses(found)) == (True, [], [])
    assert len(found["activities"]) == len(STEPS)
    assert found["times"][0] == {"activity": "align", "a": 1.0, "b": 2.0}


def test_a_changed_parameter_and_what_came_of_it_are_told(store: GraphStore) -> None:
    bring(store, chain("x") + "\n" + chain("y", step=7, sums="!"))
    found = compared(store, "xf5", "yf5")
    assert [(one["activity"], one["name"], one["a"], one["b"]) for one in found["parameters"]] == [
        ("align", "step", "5", "7")
    ]
    assert statuses(found) == []
    assert found["summary"]["outputs"]["changed"] == len(STEPS)
    assert found["summary"]["inputs"] == {"same": 1, "changed": 4, "replaced": 0, "only in a": 0, "only in b": 0}
    assert not found["summary"]["identical"]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (("align", "reslice", "smooth", "mean", "slice", "convert"), [("smooth", "only in b")]),
        (("align", "reslice", "slice", "convert"), [("mean", "only in a")]),
        (("align", "reslice", "median", "slice", "convert"), [("mean / median", "replaced")]),
        (("prepare", *STEPS), [("prepare", "only in b")]),
        ((*STEPS, "publish"), [("publish", "only in b")]),
        (("align", "align", *STEPS[1:]), [("align", "only in b")]),
    ],
)
def test_steps_that_were_inserted_removed_or_replaced_are_told(
    store: GraphStore, other: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    bring(store, chain("x") + "\n" + chain("y", other, sums="!"))
    found = compared(store, "xf5", f"yf{len(other)}")
    assert statuses(found) == expected
    back = compared(store, f"yf{len(other)}", "xf5")
    assert mirrored(found) == ordered(back)


def test_branches_of_equal_steps_are_kept_apart_by_what_they_used(store: GraphStore) -> None:
    def branches(prefix: str, order: tuple[int, ...]) -> str:
        said = []
        for place, branch in enumerate(order):
            said += [
                f'activity(ex:{prefix}a{place}, -, -, [prov:type="align", ex:number={branch}])',
                f'entity(ex:{prefix}in{place}, [ex:md5="raw{branch}"])',
                f'entity(ex:{prefix}out{place}, [ex:md5="out{branch}"])',
                f'used(ex:{prefix}a{place}, ex:{prefix}in{place}, -, [prov:role="in"])',
                f'wasGeneratedBy(ex:{prefix}out{place}, ex:{prefix}a{place}, -, [prov:role="out"])',
                f'used(ex:{prefix}mean, ex:{prefix}out{place}, -, [prov:role="image"])',
            ]
        return "\n".join(
            [
                *said,
                f'activity(ex:{prefix}mean, -, -, [prov:type="mean"])',
                f"wasGeneratedBy(ex:{prefix}end, ex:{prefix}mean, -)",
            ]
        )

    bring(store, branches("x", (1, 2, 3, 4)) + "\n" + branches("y", (4, 2, 1, 3)))
    assert compared(store, "xend", "yend")["summary"]["identical"]


def test_steps_of_which_only_ids_tell_what_they_are_may_have_others(store: GraphStore) -> None:
    said = """used(ex:{0}1, ex:{0}in, -)
    wasGeneratedBy(ex:{0}mid, ex:{0}1, -)
    used(ex:{0}2, ex:{0}mid, -)
    wasGeneratedBy(ex:{0}out, ex:{0}2, -)"""
    bring(store, said.format("x") + "\n" + said.format("other"))
    assert compared(store, "xout", "otherout")["summary"]["identical"]


def test_a_run_is_identical_to_itself(store: GraphStore) -> None:
    survey(store)
    for one in ("deep", "stack", "raw1"):
        found = tell(store, "diff", a=one, b=one)
        assert (found["summary"]["identical"], statuses(found)) == (True, [])


def test_jobs_differ_in_version_parameters_and_inputs(store: GraphStore) -> None:
    survey(store)
    found = tell(store, "diff", a="cal1", b="cal2")
    assert [(one["kind"], one["status"]) for one in found["activities"]] == [("cal", "changed")]
    assert [{name: one[name] for name in ("name", "a", "b", "a_given", "b_given")} for one in found["parameters"]] == [
        {"name": "threshold", "a": "5", "b": "7", "a_given": False, "b_given": True}
    ]
    inputs = {one["role"]: (one["status"], one["a"]["sha256"], one["b"]["sha256"]) for one in found["inputs"]}
    assert inputs == {"flat": ("same", "sum-flat", "sum-flat"), "raw": ("changed", "sum-raw1", "sum-raw2")}
    assert [one["status"] for one in found["outputs"]] == ["changed"]
    assert mirrored(found) == ordered(tell(store, "diff", a="cal2", b="cal1"))


def test_a_given_value_differs_from_the_same_default_and_who_ran_it_is_told(store: GraphStore) -> None:
    survey(store)
    found = tell(store, "diff", a="cal1", b="cal3")
    assert [(one["a"], one["b"], one["a_given"], one["b_given"]) for one in found["parameters"]] == [
        ("5", "5", False, True)
    ]
    assert [(one["name"], one["a"], one["b"]) for one in found["agents"]] == [("Operator", "Alice", "Vera Rubin")]
    assert [one["status"] for one in found["outputs"]] == ["same"]


def test_what_may_not_be_seen_is_treated_as_absent(store: GraphStore) -> None:
    survey(store)
    found = tell(store, "diff", ANYBODY, a="cal1", b="cal2")
    assert ("cal", "only in a") in statuses(found, "inputs")
    assert "raw2" not in str(found)
    assert found["restricted"]


def test_runs_above_the_limit_and_unknown_ids_are_refused(store: GraphStore) -> None:
    survey(store)
    with pytest.raises(TooLarge, match="more than 3 nodes"):
        tell(store, "diff", a="deep", b="stack", limit=3)
    with pytest.raises(NotFound, match="nothing is known of"):
        tell(store, "diff", a="deep", b="nothing")


def test_depth_bounds_what_is_compared(store: GraphStore) -> None:
    survey(store)
    found = tell(store, "diff", a="stack", b="stack", depth=1)
    assert [local(one["a"]["id"]) for one in found["activities"]] == ["stack"]
