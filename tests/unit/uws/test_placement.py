"""Where jobs run: which cluster, with which resources and account, and what is refused."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.clusters import Account, Cluster
from provstore.errors import Forbidden, Invalid
from provstore.resources import RESOURCES
from provstore.settings import Settings
from provstore.uws.clusters.durations import fitted
from provstore.uws.clusters.placement import Placement, parted, place, resources_of, resources_text
from provstore.uws.descriptions.model import Description, ParameterDefinition

S = Description(name="s")
MESO = Cluster(
    name="meso",
    host="login.example.org",
    user="provstore",
    key_file=Path("/keys/meso"),
    work_directory=PurePosixPath("/scratch/provstore"),
    defaults={"partition": "test", "mem": "1G"},
    maxima={"mem": "4G", "time": "2:00:00", "nodes": "4", "ntasks": "8", "gres": "gpu:4"},
    allowed={"partition": ("test", "long*"), "constraint": ("intel", "avx*"), "gres": ("shard",), "qos": ("a?",)},
)
TINY = replace(MESO, name="tiny", defaults={}, maxima={}, allowed={}, services=("t*",))
SITE = Settings(clusters=(TINY, MESO))


def chosen(described: dict[str, str], asked: dict[str, str], *, site: Settings = SITE, name: str = "s") -> Placement:
    description = Description(name=name, controls=tuple(described.items()))
    return place(description, asked, caller_name="curie", settings=site)


@pytest.mark.parametrize(
    ("site", "name", "described", "asked", "executor"),
    [
        (Settings(), "s", {}, {}, "local"),
        (Settings(), "s", {"slurm_mem": "1G", "slurm_cluster": "meso"}, {}, "local"),
        (SITE, "s", {}, {}, "local"),
        (SITE, "s", {}, {"slurm_mem": "2G"}, "meso"),
        (SITE, "t1", {}, {"slurm_mem": "2G"}, "tiny"),
        (SITE, "s", {"slurm_mem": "2G"}, {}, "meso"),
        (SITE, "t1", {"slurm_cluster": "meso"}, {}, "meso"),
        (SITE, "t1", {"slurm_cluster": "meso"}, {"SLURM_CLUSTER": "tiny"}, "tiny"),
        (replace(SITE, executor="tiny"), "s", {}, {}, "local"),
        (replace(SITE, executor="tiny"), "s", {}, {"slurm_mem": "1G"}, "meso"),
        (replace(SITE, executor="meso"), "t1", {}, {}, "meso"),
        (replace(SITE, executor="meso"), "t1", {"slurm_mem": "1G"}, {"slurm_ntasks": "2"}, "meso"),
        (Settings(clusters=(TINY,)), "s", {"slurm_mem": "1G"}, {}, "local"),
    ],
)
def test_the_client_chooses_the_cluster_then_the_description_then_the_site(
    site: Settings, name: str, described: dict[str, str], asked: dict[str, str], executor: str
) -> None:
    assert chosen(described, asked, site=site, name=name).executor == executor


def test_the_client_wins_over_the_description_and_that_over_the_defaults() -> None:
    found = chosen({"slurm_mem": "2G", "slurm_ntasks": "2"}, {"Slurm_Ntasks": "3"})
    assert found == Placement(executor="meso", resources={"mem": "2G", "ntasks": "3", "partition": "test"})


@pytest.mark.parametrize("name", ["slurm_mem", "SLURM_Partition", "slurm_ntasks-per-node", "slurm_x"])
@pytest.mark.parametrize("site", [Settings(), Settings(clusters=(TINY,))])
def test_resources_of_a_cluster_are_refused_where_there_is_none(site: Settings, name: str) -> None:
    with pytest.raises(Invalid) as caught:
        place(S, {"text": "x", name: "4G"}, caller_name="", settings=site)
    expected = f"{name}='4G': the executor local of these jobs takes no slurm_* parameters; leave it out"
    assert (caught.value.message, caught.value.field, caught.value.value) == (expected, name, "4G")


def test_a_site_without_clusters_has_none_to_choose() -> None:
    with pytest.raises(Invalid, match=r"slurm_cluster='meso': the executor local of these jobs takes no slurm_\*"):
        chosen({}, {"slurm_cluster": "meso"}, site=Settings())


@pytest.mark.parametrize(
    ("described", "asked", "words"),
    [
        ({}, {"Slurm_cluster": "moon"}, "Slurm_cluster='moon': no cluster here is called so; .* its jobs: meso"),
        ({}, {"slurm_cluster": "tiny"}, "slurm_cluster='tiny': it takes no jobs of s; those that take its jobs: meso"),
        ({}, {"slurm_cluster": "a\nb"}, "no cluster here is called so"),
        ({"slurm_cluster": "moon"}, {}, "slurm_cluster='moon': no cluster here is called so"),
    ],
)
def test_a_cluster_that_is_not_there_or_takes_other_services_is_refused(
    described: dict[str, str], asked: dict[str, str], words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        chosen(described, asked)


EMPTY = {f"slurm_{name}": "" for name in (*RESOURCES, "cluster")}


@pytest.mark.parametrize("site", [Settings(), SITE, replace(SITE, executor="meso")])
def test_what_is_empty_is_not_asked_for(site: Settings) -> None:
    assert chosen({}, EMPTY, site=site) == chosen({}, {}, site=site)
    assert chosen({"slurm_mem": "2G"}, EMPTY, site=site) == chosen({"slurm_mem": "2G"}, {}, site=site)
    assert chosen({}, {"slurm_mem": "", "SLURM_MEM": "2G"}) == chosen({}, {"slurm_mem": "2G"})


@pytest.mark.parametrize(
    ("site", "name", "described"),
    [
        (Settings(), "s", {"slurm_mem": "1G"}),
        (SITE, "s", {}),
        (replace(SITE, executor="tiny"), "s", {}),
        (SITE, "s", {"slurm_cluster": "local", "slurm_mem": "1G"}),
        (Settings(clusters=(TINY,)), "s", {"slurm_mem": "1G"}),
    ],
)
def test_this_machine_may_be_asked_for_where_a_job_that_asks_for_nothing_runs_here(
    site: Settings, name: str, described: dict[str, str]
) -> None:
    assert chosen(described, {"slurm_cluster": "local"}, site=site, name=name) == Placement()


@pytest.mark.parametrize(
    ("site", "described"),
    [
        (replace(SITE, executor="meso"), {}),
        (replace(SITE, executor="meso"), {"slurm_cluster": "local"}),
        (SITE, {"slurm_mem": "2G"}),
        (SITE, {"slurm_cluster": "meso"}),
    ],
)
def test_this_machine_is_refused_where_site_or_description_send_jobs_to_a_cluster(
    site: Settings, described: dict[str, str]
) -> None:
    words = "slurm_cluster='local': jobs of s run on meso here, not on this machine; those that take its jobs: meso"
    with pytest.raises(Invalid, match=words):
        chosen(described, {"slurm_cluster": "local"}, site=site)


def test_resources_are_refused_on_this_machine() -> None:
    with pytest.raises(Invalid, match="slurm_mem='1G': the executor local of these jobs takes no"):
        chosen({}, {"slurm_cluster": "local", "slurm_mem": "1G"})


@pytest.mark.parametrize("value", ["0", "0:00", "0-0"])
def test_no_time_limit_can_not_be_asked_for(value: str) -> None:
    with pytest.raises(Invalid, match=f"slurm_time='{value}': no limit can't be asked for; give the time after which"):
        chosen({}, {"slurm_cluster": "tiny", "slurm_time": value}, name="t")


def test_a_parameter_that_a_description_declares_is_no_resource() -> None:
    description = Description(name="s", parameters=(ParameterDefinition(name="slurm_like"),))
    values = {"slurm_like": "1", "Slurm_Like": "2", "SLURM_mem": "1G", "x": "3"}
    asked, others = parted(values, description)
    assert (asked, others) == ({"SLURM_mem": "1G"}, {"slurm_like": "1", "Slurm_Like": "2", "x": "3"})
    place(description, others, caller_name="", settings=Settings())


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("slurm_x", "1", "slurm_x='1' is no resource of a cluster; there are slurm_mem, .*slurm_cluster"),
        ("slurm_x", "", "slurm_x='' is no resource of a cluster"),
        ("slurm_mem", "4194305k", "4G at most"),
        ("slurm_mem", "$(x)", "is not a size"),
        ("slurm_mem", "4G\n", "is not a size"),
        ("SLURM_MEM", "5G", "SLURM_MEM='5G': the cluster meso gives its jobs 4G at most"),
        ("slurm_mem", "4097", "4G at most"),
        ("slurm_mem", "1T", "4G at most"),
        ("slurm_mem", "0", "4G at most"),
        ("slurm_mem", "0K", "4G at most"),
        ("slurm_nodes", "1-5", "4 at most"),
        ("slurm_nodes", "4-2", "'4-2' is not a number, or a range"),
        ("slurm_ntasks", "9", "8 at most"),
        ("slurm_ntasks", "0", "is not a whole number"),
        ("slurm_time", "121", "2:00:00 at most"),
        ("slurm_time", "120:01", "2:00:00 at most"),
        ("slurm_time", "1-0", "2:00:00 at most"),
        ("slurm_time", "0-3", "2:00:00 at most"),
        ("slurm_time", "0", "2:00:00 at most"),
        ("slurm_gres", "gpu:5", "gpu:4 at most"),
        ("slurm_gres", "gpu:a100:3,gpu:v100:2", "gpu:4 at most"),
        ("slurm_gres", "gpu:1k", "gpu:4 at most"),
        ("slurm_gres", "gpu=5", "gpu:4 at most"),
        ("slurm_gres", "fpga:1", "slurm_gres='fpga:1': the cluster meso allows its jobs gpu:4, shard"),
        ("slurm_partition", "huge", "allows its jobs test, long\\*"),
        ("slurm_partition", "TEST", "allows its jobs test, long\\*"),
        ("slurm_partition", "longer,huge", "allows its jobs test, long\\*"),
        ("slurm_partition", "test,", "allows its jobs test, long\\*"),
        ("slurm_constraint", "intel&amd", "allows its jobs intel, avx\\*"),
        ("slurm_constraint", "[]", "is not features|allows its jobs"),
        ("slurm_qos", "high", "allows its jobs a\\?"),
        ("slurm_account", "mine", "slurm_account='mine': the cluster meso allows its jobs none of it"),
    ],
)
def test_what_the_cluster_does_not_allow_is_refused_by_name_and_value(name: str, value: str, words: str) -> None:
    with pytest.raises(Invalid, match=words) as caught:
        chosen({}, {name: value})
    assert (caught.value.field, caught.value.value) == (name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mem", "4G"),
        ("mem", "4096"),
        ("mem", "128m"),
        ("nodes", "1-4"),
        ("time", "120"),
        ("time", "1:59:59"),
        ("time", "0-2"),
        ("time", "0-1:59"),
        ("gres", "gpu:a100:2,gpu:2"),
        ("gres", "shard:100"),
        ("gres", "gpu:1,shard:2"),
        ("partition", "longer"),
        ("partition", "test,long"),
        ("constraint", "intel&avx2"),
        ("constraint", "[intel*2&avx512*4]"),
        ("qos", "ab"),
        ("cpus-per-task", "64"),
    ],
)
def test_what_the_cluster_allows_is_taken_as_it_is_given(name: str, value: str) -> None:
    assert chosen({}, {f"slurm_{name}": value}).resources == {"mem": "1G", "partition": "test", name: value}


def test_names_of_the_description_need_no_other_permission_but_its_sizes_have_the_same_limits() -> None:
    described = {"slurm_account": "physics", "slurm_partition": "night"}
    assert chosen(described, {"slurm_account": "physics"}).resources["account"] == "physics"
    with pytest.raises(Invalid, match="slurm_mem='8G': the cluster meso gives its jobs 4G at most"):
        chosen({"slurm_mem": "8G"}, {})


def test_a_resource_is_asked_for_once() -> None:
    with pytest.raises(Invalid, match="'1G': it is given as SLURM_mem too"):
        chosen({}, {"slurm_mem": "1G", "SLURM_mem": "2G"})


PEOPLE = replace(MESO, accounts={"curie": Account(user="m_curie"), "kepler": Account(user="jk")})


def test_a_job_runs_in_the_account_of_its_owner_where_people_have_accounts() -> None:
    site = Settings(clusters=(PEOPLE,), executor="meso")
    assert chosen({}, {}, site=site).account == "m_curie"
    assert chosen({}, {}).account == ""


@pytest.mark.parametrize(("person", "who"), [("rubin", "rubin"), ("", "the anonymous visitor")])
def test_who_has_no_account_there_is_told_so(person: str, who: str) -> None:
    with pytest.raises(Forbidden, match=f"{who} has no account on the cluster meso"):
        place(S, {}, caller_name=person, settings=Settings(clusters=(PEOPLE,), executor="meso"))


# --- times


def held(placement: Placement, seconds: int, site: Settings = SITE) -> tuple[dict[str, str], int]:
    found = fitted(placement, timedelta(seconds=seconds), site)
    return dict(found.placement.resources), int(found.execution_duration.total_seconds())


def on_meso(**resources: str) -> Placement:
    return Placement(executor="meso", resources=resources)


@pytest.mark.parametrize(
    ("placement", "seconds", "expected"),
    [
        (Placement(), 99_999, ({}, 99_999)),
        (Placement(), 0, ({}, 0)),
        (on_meso(), 60, ({}, 60)),
        (on_meso(), 99_999, ({}, 7195)),
        (on_meso(), 0, ({}, 7195)),
        (on_meso(time="2"), 115, ({"time": "2"}, 115)),
        (on_meso(time="1:01"), 115, ({"time": "1:01"}, 115)),
        (Placement(executor="tiny", resources={"time": "2"}), 0, ({"time": "2"}, 115)),
        (Placement(executor="tiny", resources={}), 0, ({}, 0)),
        (Placement(executor="tiny", resources={"time": "0"}), 0, ({"time": "0"}, 0)),
        (Placement(executor="tiny", resources={"time": "0"}), 9999, ({"time": "0"}, 9999)),
    ],
)
def test_the_execution_duration_is_held_to_what_the_cluster_gives(
    placement: Placement, seconds: int, expected: tuple[dict[str, str], int]
) -> None:
    assert held(placement, seconds) == expected


def test_a_time_limit_below_the_execution_duration_is_refused() -> None:
    with pytest.raises(Invalid, match=r"slurm_time='2' is shorter than the job may run: .* are 121 s; ask for more"):
        held(on_meso(time="2"), 116)


def test_a_default_time_limit_that_is_too_short_is_left_out() -> None:
    site = Settings(clusters=(replace(MESO, defaults={"time": "2"}),))
    assert held(on_meso(time="2"), 115, site) == ({"time": "2"}, 115)
    assert held(on_meso(time="2"), 116, site) == ({}, 116)


# --- what is always so

NAMES = st.sampled_from(["mem", "nodes", "ntasks", "time", "gres"])
VALUES = {
    name: st.from_regex(RESOURCES[name].pattern, fullmatch=True) for name in ("mem", "nodes", "ntasks", "time", "gres")
}


@given(data=st.data(), name=NAMES)
def test_what_is_within_a_maximum_stays_within_when_the_maximum_is_what_is_asked_for(
    data: st.DataObject, name: str
) -> None:
    resource = RESOURCES[name]
    value, most = (data.draw(VALUES[name].filter(resource.accepts)) for _ in "ab")
    assert not resource.exceeds(value, value)
    measured = resource.measure
    assert measured is not None
    if name != "gres":
        assert resource.exceeds(value, most) == (measured(value)[""] > measured(most)[""])


@given(text=st.text(max_size=12), name=st.sampled_from(sorted(RESOURCES)))
def test_whatever_is_asked_for_is_placed_or_refused(text: str, name: str) -> None:
    found: Placement | None = None
    with suppress(Invalid):
        found = chosen({}, {f"slurm_{name}": text})
    assert found is None or found == (
        Placement(executor="meso", resources={**MESO.defaults, name: text}) if text else Placement()
    )


def test_resources_are_kept_sorted_and_absent_where_there_are_none() -> None:
    assert resources_text({"b": "1", "a": "2"}) == '{"a": "2", "b": "1"}'
    assert (resources_text({}), resources_of("")) == ("", {})
