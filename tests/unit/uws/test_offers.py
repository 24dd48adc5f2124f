"""What a form offers of a cluster."""

from __future__ import annotations

from dataclasses import replace

from provstore.resources import RESOURCES
from provstore.settings import Settings
from provstore.uws.clusters.offers import Choice, offer_of, refusal_of
from provstore.uws.descriptions.model import Description
from tests.unit.uws.test_placement import MESO, PEOPLE, SITE, S


def test_a_form_offers_what_may_be_asked_for() -> None:
    description = Description(name="s", controls=(("slurm_mem", "2G"), ("slurm_account", "physics")))
    offer = offer_of(description, Settings(clusters=(MESO,)), {"SLURM_qos": "x", "slurm_ntasks": "2"})
    assert offer is not None
    found = {one.control.removeprefix("slurm_"): one for one in offer.choices}
    assert offer.cluster == "meso"
    assert list(found) == [*RESOURCES]
    assert found["mem"] == Choice(
        control="slurm_mem", words="Memory on each node: a size, as 4G or 500M; 4G at most.", default="2G", most="4G"
    )
    assert (found["ntasks"].counts, found["ntasks"].most, found["ntasks"].error) == (True, "8", "")
    assert (found["account"].fixed, found["account"].default) == (True, "physics")
    assert (found["partition"].options, found["partition"].words) == (
        (),
        "The partition of the cluster: a plain name; allowed: test, long*.",
    )
    assert found["gres"].words == "Other resources of a node: resources, as gpu:2; gpu:4 at most; allowed: shard."
    assert found["qos"].error == "SLURM_qos='x': the cluster meso allows its jobs a?"


def test_a_form_lists_what_is_allowed_where_no_pattern_leaves_it_open() -> None:
    plain = replace(MESO, allowed={"partition": ("short", "long")})
    offer = offer_of(S, Settings(clusters=(plain,), executor="meso"))
    assert offer is not None
    found = {one.control: one for one in offer.choices}
    assert found["slurm_partition"].options == ("test", "short", "long")
    assert {"slurm_account", "slurm_qos", "slurm_constraint", "slurm_cluster"}.isdisjoint(found)


def test_a_form_offers_the_clusters_that_take_the_service() -> None:
    both = replace(SITE, executor="tiny")
    described = Description(name="t")
    offer = offer_of(described, both, {"slurm_cluster": "meso"})
    assert offer is not None
    assert (offer.cluster, offer.choices[0].control, offer.choices[0].options) == (
        "meso",
        "slurm_cluster",
        ("tiny", "meso"),
    )
    wrong = offer_of(described, both, {"slurm_cluster": "moon"})
    assert wrong is not None
    assert (wrong.cluster, "no cluster here is called so" in wrong.choices[0].error) == ("tiny", True)


def test_a_form_offers_this_machine_where_jobs_run_here_that_ask_for_nothing() -> None:
    offer = offer_of(S, SITE, {"slurm_cluster": "meso"})
    assert offer is not None
    assert offer.choices[0] == Choice(
        control="slurm_cluster",
        words="Where the job runs; local is this machine.",
        default="local",
        options=("local", "meso"),
    )


def test_the_default_cluster_of_a_form_is_that_of_a_job_that_names_none() -> None:
    offer = offer_of(Description(name="t"), replace(SITE, executor="tiny"), {"slurm_cluster": "meso"})
    assert offer is not None
    assert (offer.cluster, offer.choices[0].default) == ("meso", "tiny")


def test_a_number_of_a_form_shows_its_limits_once() -> None:
    offer = offer_of(S, SITE, {"slurm_mem": "1G"})
    assert offer is not None
    (found,) = (one for one in offer.choices if one.control == "slurm_ntasks")
    assert (found.words, found.counts, found.most) == ("How many tasks.", True, "8")


def test_who_has_no_account_on_the_cluster_is_told_before_filling_in_a_form() -> None:
    site = Settings(clusters=(PEOPLE,))
    asked = {"slurm_mem": "1G"}
    assert refusal_of(S, site, asked, caller_name="rubin").startswith("rubin has no account on the cluster meso")
    assert refusal_of(S, site, asked, caller_name="curie") == ""
    assert refusal_of(S, site, {}, caller_name="rubin") == ""


def test_a_form_of_what_runs_on_this_machine_offers_nothing() -> None:
    assert offer_of(S, SITE) is None
    assert offer_of(S, SITE, {"slurm_cluster": "moon"}) is None
