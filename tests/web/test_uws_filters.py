"""Lists by parameter, owner and sweep, over all services, and in pages."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest

from provstore.accounts.callers import Grant, Role
from provstore.uws.phases import Phase
from tests.web.conftest import Serve
from tests.web.documents import assert_valid, parsed
from tests.web.served import Served, job_id, told


def listed(served: Served, query: str = "", *, by: Any = None, place: str = "/uws/sleep") -> list[str]:
    return [one["jobId"] for one in served.json(f"{place}{query}", by=by or served.anonymous)["items"]]


def jobs(served: Served, count: int, **values: Any) -> list[str]:
    """Make jobs, a second apart; the oldest comes first."""
    made = []
    for _ in range(count):
        made.append(job_id(served.create(**values)))
        served.clock.advance(1)
    return made


def test_jobs_are_found_by_the_value_of_a_parameter(served: Served) -> None:
    first, second = (job_id(served.create(text=text, duration="3")) for text in ("a b", "ü"))
    third = job_id(served.create(text="a b", duration="4"))
    assert set(listed(served, "?text=a%20b")) == {first, third}
    assert listed(served, "?text=ü") == [second]
    assert listed(served, "?TEXT=a%20b&Duration=3") == [first]
    assert listed(served, "?text=a%20b&text=ü&duration=3&exit_code=0") == sorted([first, second], reverse=True)
    assert listed(served, "?text=a") == []
    assert listed(served, "?text=a%00b") == []
    assert len(listed(served, "?exit_code=0")) == 3


def test_a_filter_by_parameter_and_every_other_one_are_anded(served: Served) -> None:
    made = jobs(served, 3, text="x", RUNID="r")
    served.create(text="x")
    served.anonymous.post(f"/uws/sleep/{made[1]}/phase", data={"PHASE": "RUN"})
    assert listed(served, "?text=x&RUNID=r&PHASE=PENDING") == [made[2], made[0]]
    assert listed(served, "?text=x&RUNID=r&AFTER=2026-03-01T12:00:00.500Z&LAST=1") == [made[2]]
    assert listed(served, "?text=x&RUNID=r&PHASE=PENDING&AFTER=2026-03-01T12:00:01Z") == [made[2]]
    assert listed(served, "?text=y&RUNID=r") == []


def test_a_changed_parameter_is_found_by_its_new_value(served: Served) -> None:
    job = served.create(text="old")
    served.anonymous.put(f"{job}/parameters/text", data="new")
    assert (listed(served, "?text=old"), listed(served, "?text=new")) == ([], [job_id(job)])


def test_a_parameter_of_a_hidden_job_leads_nobody_to_it(served: Served) -> None:
    secret = job_id(served.create(text="secret", by=served.curie))
    assert listed(served, "?text=secret") == []
    assert listed(served, "?text=secret", by=served.curie) == [secret]
    assert listed(served, "?text=secret", by=served.admin) == [secret]


@pytest.mark.parametrize("place", ["/uws/sleep", "/uws", "/rest", "/uws/sleep/sweeps"])
def test_an_unknown_name_is_refused_with_those_that_are_known(lasting: Served, place: str) -> None:
    answer = lasting.anonymous.get(f"{place}?colour=red")
    assert answer.status_code == 400
    assert answer.text.startswith("unknown name 'colour'; known: ")
    known = {"LIMIT", "NEXT"} if "sweeps" in place else {"PHASE", "AFTER", "LAST", "RUNID", "SWEEP", "OWNER", "text"}
    assert known <= set(re.findall(r"\w+", answer.text))
    assert ("SERVICE" in answer.text) is (place in {"/uws", "/rest"})


@pytest.mark.parametrize("query", ["LAST=1&last=2", "RUNID=a&RUNID=b", "AFTER=2015&AFTER=2016", "LIMIT=1&Limit=2"])
def test_a_condition_that_can_hold_once_only_is_refused_twice(lasting: Served, query: str) -> None:
    answer = lasting.anonymous.get(f"/uws/sleep?{query}")
    assert answer.status_code == 400
    assert "is given several times, as '" in answer.text
    first = query.partition("&")[0]
    assert lasting.anonymous.get(f"/uws/sleep?{first}&{first}").status_code == 200


# --- owners


def test_administrators_and_curators_list_by_owner(served: Served) -> None:
    own, nobody = job_id(served.create(by=served.curie)), job_id(served.create())
    curator = served.client(served.provstore.accounts.add("rubin"))
    served.provstore.accounts.grant("rubin", Grant(Role.CURATOR, "sleep"))
    for client in (served.admin, curator):
        assert set(listed(served, by=client)) == {own, nobody}
        assert listed(served, "?OWNER=curie", by=client) == [own]
        assert listed(served, "?owner=", by=client) == [nobody]
        assert told(client.get("/uws/sleep?OWNER=nobody")) == (
            400, "OWNER='nobody': there is no account of that name"
        )  # fmt: skip
    assert listed(served, "?OWNER=curie", by=served.curie) == [own]
    assert curator.get("/uws/copy?OWNER=curie").status_code == 403
    assert curator.get("/uws?OWNER=curie").status_code == 403


@pytest.mark.parametrize("name", ["curie", "admin", "nobody"])
def test_others_may_not_ask_for_other_peoples_jobs_nor_learn_who_has_an_account(lasting: Served, name: str) -> None:
    words = "only administrators and curators of the service can ask for other people's jobs"
    assert told(lasting.anonymous.get(f"/uws/sleep?OWNER={name}")) == (403, f"OWNER={name!r}: {words}")


# --- all services


def test_the_jobs_of_all_services_stand_in_one_list_each_with_its_address(served: Served) -> None:
    first = served.create()
    served.clock.advance(1)
    second = served.create(text="b")
    served.clock.advance(1)
    third = served.create("copy", input=(io.BytesIO(b"x"), "x"))
    served.create(by=served.curie)
    items = served.json("/uws", by=served.anonymous)["items"]
    assert [(one["service"], one["href"]) for one in items] == [
        ("copy", f"http://localhost{third}"),
        ("sleep", f"http://localhost{second}"),
        ("sleep", f"http://localhost{first}"),
    ]
    assert listed(served, "?SERVICE=copy", place="/uws") == [job_id(third)]
    assert listed(served, "?service=sleep&text=b", place="/uws") == [job_id(second)]
    assert listed(served, "?text=b&PHASE=PENDING&LAST=5", place="/rest") == [job_id(second)]
    answer = served.anonymous.get("/rest")
    assert_valid(answer.data)
    assert f'xlink:href="http://localhost/rest/copy/{job_id(third)}"' in answer.text
    assert told(served.anonymous.get("/uws?SERVICE=none"))[0] == 404
    assert told(served.anonymous.get("/uws/sleep?SERVICE=sleep"))[0] == 400


# --- pages of a list


def pages(served: Served, query: str, *, by: Any = None) -> list[list[str]]:
    """Follow ``next`` to the end."""
    found, key = [], ""
    for _ in range(20):
        page = served.json(f"/uws/sleep?{query}{key}", by=by or served.anonymous)
        found.append([one["jobId"] for one in page["items"]])
        if page["next"] is None:
            return found
        key = f"&NEXT={page['next']}"
    raise AssertionError("the list has no end")


def test_a_long_list_comes_in_parts_that_shift_for_nobody(served: Served) -> None:
    made = jobs(served, 5)[::-1]
    first = served.json("/uws/sleep?LIMIT=2", by=served.anonymous)
    served.create()
    second = served.json(f"/uws/sleep?LIMIT=2&NEXT={first['next']}", by=served.anonymous)
    shown = [one["jobId"] for one in (*first["items"], *second["items"])]
    assert shown == made[:4]
    assert len(pages(served, "LIMIT=2")) == 3
    assert pages(served, "LIMIT=6") == [listed(served)]
    assert pages(served, "LIMIT=1") == [[one] for one in listed(served)]


def test_parts_of_the_newest_end_with_the_last_of_them(served: Served) -> None:
    made = jobs(served, 6)[::-1]
    assert pages(served, "LIMIT=2&LAST=3") == [made[:2], made[2:3]]
    assert pages(served, "LIMIT=2&LAST=4") == [made[:2], made[2:4]]
    assert pages(served, "LIMIT=4&LAST=2") == [made[:2]]
    assert pages(served, "limit=4&LAST=60") == [made[:4], made[4:]]


def test_parts_of_a_list_by_parameters_are_never_empty_before_the_end(served: Served) -> None:
    made = []
    for number in range(12):
        made.append(job_id(served.create(text="x", duration=str(1 + number % 6))))
        served.clock.advance(1)
    right = [made[8], made[2]]
    for limit in (1, 2, 3, 5, 12):
        found = pages(served, f"LIMIT={limit}&text=x&duration=3")
        assert [one for page in found for one in page] == right
        assert all(found[:-1])


def test_in_xml_the_next_part_is_named_by_a_link(served: Served) -> None:
    made = jobs(served, 3, RUNID="a&b")[::-1]
    seen, address = [], "/uws/sleep?LIMIT=2&RUNID=a%26b"
    while address:
        answer = served.anonymous.get(address)
        assert_valid(answer.data)
        seen += [child[1]["id"] for child in parsed(answer.data)[3]]
        link = re.fullmatch(r'<http://localhost(/uws/sleep\?.*)>; rel="next"', answer.headers.get("Link", ""))
        address = link[1] if link else ""
    assert seen == made


@pytest.mark.parametrize("key", ["", "x", "0.abc", ".", ".abc", "1.", ".%00", "é", f"{'9' * 5000}.abc", "..", ".W10"])
def test_a_key_that_is_none_is_refused(lasting: Served, key: str) -> None:
    lasting.create()
    answer = lasting.anonymous.get(f"/uws/sleep?LIMIT=1&NEXT={key}")
    assert answer.status_code == 400
    assert "the key that came with the page before is needed" in answer.text


@pytest.mark.parametrize("text", ["0", "-1", "x", ""])
def test_a_limit_that_is_no_count_is_refused(lasting: Served, text: str) -> None:
    answer = lasting.anonymous.get(f"/uws/sleep?LIMIT={text}")
    assert told(answer) == (400, f"LIMIT={text!r}: a whole number, 1 or above, is needed")


def test_archived_jobs_are_shown_only_when_asked_for(served: Served) -> None:
    job = served.create(text="x", RUNID="r")
    served.force(job, Phase.ARCHIVED)
    for query in ("", "?LAST=1", "?RUNID=r", "?text=x", "?AFTER=2015", "?LIMIT=1", "?PHASE=PENDING"):
        assert listed(served, query) == []
    assert listed(served, "?PHASE=ARCHIVED&text=x&RUNID=r&LIMIT=1&LAST=1") == [job_id(job)]


def test_each_who_sees_a_service_or_may_run_it_has_it_listed(serve: Serve) -> None:
    served = serve(restricted_services=("copy",))
    served.provstore.accounts.grant("curie", Grant(Role.RUN, "copy"))
    named = {
        name: {one["name"] for one in client.get("/jdl").json["items"]}  # type: ignore[index]
        for name, client in (("anonymous", served.anonymous), ("curie", served.curie), ("admin", served.admin))
    }
    everything = {one.description.name for one in served.provstore.catalog.services()}
    assert named == {"anonymous": everything - {"copy"}, "curie": everything, "admin": everything}
    home = served.anonymous.get("/", headers={"Accept": "application/json"}).json
    assert home is not None
    assert {one["name"] for one in home["services"]} == everything - {"copy"}
