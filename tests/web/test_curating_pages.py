"""Pages for curators, as browsers without scripts get them: what they find, what they tell, whom they tell it."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import replace
from typing import Any, cast

from astropy.io.votable import parse_single_table
from flask.testing import FlaskClient
from lxml import html
from werkzeug.test import TestResponse

from tests.web.conftest import STACK
from tests.web.replay_line import bad_line, copied, entity, upload
from tests.web.served import BASE, STACKED, Served, job_id

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
FOREIGN = """document
prefix ex <http://example.org/a/b#>
entity(ex:raw, [prov:label="raw frame"])
entity(ex:clean)
activity(ex:cleaning, 2026-01-01T00:00:00, 2026-01-01T01:00:00)
used(ex:cleaning, ex:raw, -)
wasGeneratedBy(ex:clean, ex:cleaning, 2026-01-01T02:30:00)
endDocument
"""
CLEAN = "http://example.org/a/b#clean"


def seen(client: FlaskClient, path: str, status: int = 200, **query: Any) -> TestResponse:
    answer = client.get(path, query_string=query or None, headers={"Accept": BROWSER})
    assert answer.status_code == status, answer.text
    return answer


def sent(client: FlaskClient, path: str, status: int = 303, **values: Any) -> TestResponse:
    answer = client.post(path, data=values, headers={"Accept": BROWSER})
    assert answer.status_code == status, answer.text
    return answer


def found(answer: TestResponse, path: str) -> list[Any]:
    return cast("list[Any]", html.document_fromstring(answer.text).xpath(path))


def words(answer: TestResponse, path: str = "//main") -> str:
    (part,) = found(answer, path)
    return " ".join(part.text_content().split())


def links(answer: TestResponse) -> set[str]:
    return {one.removeprefix(BASE) for one in found(answer, "//main//a/@href")}


def names(answer: TestResponse) -> list[str]:
    return [" ".join(one.text_content().split()) for one in found(answer, "//td[@class='name']//a")]


def bring(served: Served, text: str) -> str:
    """Bring a document; give its id."""
    answer = served.admin.post("/prov/documents?format=prov-n", data=text.encode())
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["document"])


# --- search


def test_an_id_or_a_hash_that_names_one_thing_leads_straight_to_it(served: Served) -> None:
    job = copied(served, b"unlike all others", input=upload(b"RAW"))
    product = f"{BASE}/product?id={entity(job)}"
    assert seen(served.anonymous, "/search", 303, q=job_id(job)).location == f"{BASE}/jobs/{job_id(job)}"
    assert seen(served.anonymous, "/search", 303, q=entity(job)).location == product
    digest = hashlib.sha256(b"unlike all others").hexdigest()
    assert seen(served.anonymous, "/search", 303, q=digest.upper()).location == product


def test_several_things_with_the_same_bytes_are_listed(served: Served) -> None:
    first = copied(served, b"alike", input=upload(b"RAW"))
    second = copied(served, b"alike", input=upload(b"RAW"))
    answer = seen(served.anonymous, "/search", q=hashlib.sha256(b"alike").hexdigest())
    assert {f"/product?id={entity(one)}" for one in (first, second)} <= links(answer)


def test_a_search_is_narrowed_by_what_it_found(served: Served) -> None:
    copied(served, b"a copy", input=upload(b"RAW"), RUNID="night 7")
    served.completed("stack", STACKED, image=entity(copied(served, b"x", input=upload(b"RAW"))), count=3)
    answer = seen(served.anonymous, "/search", q="STACK")
    assert names(answer) == ["stacked"]
    assert "Files 1" in words(answer, "//div[@class='facets']")
    assert "stack 1" in words(answer, "//div[@class='facets']")
    of_run = seen(served.anonymous, "/search", run="night 7")
    assert names(of_run) == ["output"]
    assert names(seen(served.anonymous, "/search", parameter="count", least="2", most="4", sort="name")) == [
        "log",
        "stacked",
    ]
    assert words(seen(served.anonymous, "/search", kind="job", run="night 7"), "//main//p[@role='status']") == "1 found"


def test_jobs_are_offered_where_no_product_is_called_so(served: Served) -> None:
    copied(served, b"a copy", input=upload(b"RAW"), RUNID="first light")
    answer = seen(served.anonymous, "/search", q="first light")
    assert "Nothing was found for first light" in words(answer)
    assert "1 among activities" in words(answer)
    assert "/search?q=first+light&kind=activity" in links(answer)


def test_a_file_is_found_by_its_bytes_without_scripts(served: Served) -> None:
    job = copied(served, b"in hand", input=upload(b"RAW"))
    answer = sent(served.anonymous, "/search", file=(io.BytesIO(b"in hand"), "copy.fits"))
    assert answer.location == f"{BASE}/product?id={entity(job)}"
    unknown = sent(served.anonymous, "/search", 200, file=(io.BytesIO(b"never seen"), "new.fits"))
    assert "There is no record of this file" in words(unknown)


def test_results_are_paged(served: Served) -> None:
    job = copied(served, b"x", input=upload(b"RAW"))
    for number in range(26):
        served.completed("stack", STACKED, image=entity(job), count=number)
    first = seen(served.anonymous, "/search", service="stack", sort="size")
    (following,) = found(first, "//a[@rel='next']/@href")
    assert "52 found" in words(first, "//main//p[@role='status']")
    rest = seen(served.anonymous, following.removeprefix(BASE))
    ids = [{one for one in links(page) if one.startswith("/product")} for page in (first, rest)]
    assert not ids[0] & ids[1]
    assert len(names(rest)) == 2


def test_products_are_found_by_the_account_for_which_they_were_made(served: Served) -> None:
    job = served.create(by=served.curie)
    served.execute(job, by=served.curie)
    served.finish(job)
    served.completed()
    assert f"/product?id={entity(job, 'result')}" in links(seen(served.admin, "/search", agent="curie"))
    assert len(names(seen(served.admin, "/search", agent="curie"))) == 1
    assert "curie 1" in words(seen(served.admin, "/impact", agent="curie"), "//section[@aria-labelledby='by-owner']")


def test_a_condition_that_makes_no_sense_is_told(lasting: Served) -> None:
    answer = seen(lasting.anonymous, "/search", 400, ra="400", dec="0")
    assert "ra in 0..360" in words(answer)
    assert "a least or largest one, is needed" in words(seen(lasting.anonymous, "/search", 400, parameter="count"))


# --- products and lineage


def test_the_page_of_a_product_tells_what_made_it_and_what_came_of_it(served: Served) -> None:
    first = copied(served, b"COPY", input=upload(b"RAW"))
    second = served.completed("stack", STACKED, image=entity(first), count=3)
    answer = seen(served.anonymous, "/product", id=entity(first))
    assert "raw.fits" in words(answer, "//section[@aria-labelledby='made']")
    assert f"/jobs/{job_id(first)}" in links(answer)
    assert f"/jobs/{job_id(second)}" in links(answer)
    assert f"/product?id={entity(second, 'stacked')}" in links(answer)
    assert f"/impact?id={entity(first)}" in links(answer)
    assert f"/store/{entity(first)}" in links(answer)
    (address,) = found(answer, "//link[@rel='http://www.w3.org/ns/prov#has_provenance']/@href")
    assert served.anonymous.get(address.removeprefix(BASE)).status_code == 200


def test_whom_to_ask_stands_on_the_page_of_a_product(served: Served) -> None:
    first = copied(served, b"COPY", input=upload(b"RAW"))
    second = served.completed("stack", STACKED, image=entity(first), count=3)
    people = words(
        seen(served.anonymous, "/product", id=entity(second, "stacked")), "//section[@aria-labelledby='people']"
    )
    assert "Vera Rubin" in people
    assert "vera@example.org" in people


def test_what_is_gone_says_so_and_keeps_its_page(served: Served) -> None:
    job = copied(served, b"COPY", input=upload(b"RAW"))
    assert served.anonymous.delete(job).status_code == 303
    served.tick()
    answer = seen(served.anonymous, "/product", id=entity(job))
    assert "It is gone" in words(answer)
    assert f"/store/{entity(job)}" not in links(answer)


def test_a_browser_at_an_id_is_led_to_the_right_page(served: Served) -> None:
    job = copied(served, b"COPY", input=upload(b"RAW"))
    assert seen(served.anonymous, f"/id/{entity(job)}", 303).location == f"{BASE}/product?id={entity(job)}"
    assert seen(served.anonymous, f"/id/{job_id(job)}", 303).location == f"{BASE}/jobs/{job_id(job)}"
    machine = served.anonymous.get(f"/id/{entity(job)}", headers={"Accept": "application/json"})
    assert machine.location.startswith(f"{BASE}/prov/lineage")


def test_things_of_documents_have_pages_too(served: Served) -> None:
    document = bring(served, FOREIGN)
    answer = seen(served.admin, "/product", id=CLEAN)
    assert "cleaning" in words(answer)
    assert f"/documents/{document}" in links(answer)
    assert "raw frame" in words(seen(served.admin, "/lineage", id=CLEAN), "//section[@aria-labelledby='ends']")
    assert CLEAN in words(seen(served.admin, "/product", id=CLEAN))


def test_an_unknown_id_is_named(lasting: Served) -> None:
    for path in ("/product", "/lineage", "/impact"):
        assert "http://example.org/x/y#z" in words(seen(lasting.anonymous, path, 404, id="http://example.org/x/y#z"))


def test_the_lineage_is_a_table_to_be_kept(served: Served) -> None:
    line = bad_line(served)
    path = "/lineage"
    query: dict[str, Any] = {"id": line.bad, "direction": "down"}
    told = list(csv.DictReader(io.StringIO(seen(served.admin, path, **query, format="csv").text)))
    products = [one for one in told if "Dataset" in one["class"]]
    assert [one["distance"] for one in products if one["label"] == "output"] == ["1", "2"]
    table = parse_single_table(io.BytesIO(seen(served.admin, path, **query, format="votable").data)).to_table()
    assert list(table["id"]) == [one["id"] for one in told]
    assert seen(served.admin, path, 400, **query, format="xlsx").status_code == 400


def test_the_account_is_html_and_takes_no_markup_from_strangers(served: Served) -> None:
    name = "<script>alert(1)</script> **bold** [x](http://evil.example)"
    job = copied(served, b"COPY", input=(io.BytesIO(b"RAW"), "raw.fits", "image/fits"), RUNID=name)
    second = served.completed("stack", STACKED, image=entity(job), count=3, note=name)
    answer = seen(served.anonymous, "/lineage", id=entity(second, "stacked"), view="report")
    assert "How stacked was made" in words(answer, "//article/h1")
    assert name in words(answer, "//article")
    assert found(answer, "//article//a | //article//script") == []


# --- impact, replays


def test_what_is_affected_is_told_by_job_with_people_and_a_plan(served: Served) -> None:
    line = bad_line(served)
    answer = seen(served.admin, "/impact", id=line.bad)
    assert "4 products came of it" in words(answer)
    assert names(answer)[:2] == ["output", "output"]
    assert "Vera Rubin" in words(answer, "//section[@aria-labelledby='tell']")
    told = list(csv.DictReader(io.StringIO(seen(served.admin, "/impact", id=line.bad, format="csv").text)))
    table = parse_single_table(io.BytesIO(seen(served.admin, "/impact", id=line.bad, format="votable").data)).to_table()
    assert [one["id"] for one in told] == list(table["id"])
    assert any(one.startswith(f"/replays/new?old={line.local(line.bad)}") for one in links(answer))
    nothing = seen(served.admin, "/impact", id=entity(line.jobs[2], "stacked"))
    assert "Nothing that you see came of it" in words(nothing)


def test_a_plan_is_kept_run_in_part_and_followed(served: Served) -> None:
    line = bad_line(served)
    offered = seen(served.admin, "/replays/new", old=line.bad)
    assert "raw.fits is bad" in words(offered)
    planned = seen(served.admin, "/replays/new", old=line.bad, new=line.good)
    assert "3 jobs would run again" in words(planned, "//h1")
    values = {one.get("name"): one.get("value") for one in found(planned, "//main//form[@method='post']//input")}
    kept = sent(served.admin, "/prov/replays", **values).location.removeprefix(BASE)
    assert kept.startswith("/replays/r")
    replay = kept.removeprefix("/replays/")
    none = sent(served.admin, f"/prov/replays/{replay}/run", 400, jobs="")
    assert "jobs is empty" in words(none)
    chosen: dict[str, Any] = {"jobs": ["", job_id(line.jobs[0]), job_id(line.jobs[1])]}
    assert sent(served.admin, f"/prov/replays/{replay}/run", **chosen).location == f"{BASE}{kept}"
    line.finish(replay, 0, {"results/output.dat": b"BETTER"})
    shown = words(seen(served.admin, kept))
    assert "1 of 2 over" in shown
    assert "differs" in shown
    assert "it was not chosen" in shown
    assert sent(served.admin, f"/prov/replays/{replay}/stop", abort="true").location == f"{BASE}{kept}"
    served.tick(2)
    accepted = sent(served.admin, f"/prov/replays/{replay}/accept")
    assert "accepted" in words(seen(served.admin, accepted.location.removeprefix(BASE)))
    assert replay[-8:] in words(seen(served.admin, "/replays"))
    newer = seen(served.admin, "/product", id=entity(line.jobs[0]))
    assert "A newer version was accepted" in words(newer)
    assert entity(line.jobs[2], "stacked") in "".join(links(seen(served.admin, "/stale")))


def test_others_see_no_replay(served: Served) -> None:
    line = bad_line(served)
    replay = line.kept()
    seen(served.curie, f"/replays/{replay}", 404)
    assert "No replay that you may see" in words(seen(served.curie, "/replays"))
    seen(served.anonymous, "/replays/new", 401, old=line.bad, new=line.good)


def test_what_may_not_be_seen_is_said_to_be_there_and_not_named(served: Served) -> None:
    first = copied(served, b"COPY", input=upload(b"RAW"))
    served.completed("stack", STACKED, image=entity(first), count=3, note="secret")
    private = served.create("copy", by=served.admin, input=entity(first))
    served.execute(private, by=served.admin)
    served.finish(private, {"results/output.dat": b"OWN"})
    answer = seen(served.anonymous, "/impact", id=entity(first))
    assert "not yours to see" in words(answer)
    assert job_id(private) not in answer.text
    assert job_id(private) not in seen(served.anonymous, "/lineage", id=entity(first), direction="down").text
    assert job_id(private) not in seen(served.anonymous, "/product", id=entity(first)).text
    assert "not yours to see" not in words(seen(served.admin, "/impact", id=entity(first)))


# --- comparing, staleness, documents


def test_two_jobs_are_compared_only_by_what_differs_unless_all_is_wanted(served: Served) -> None:
    job = copied(served, b"COPY", input=upload(b"RAW"))
    one = served.completed("stack", STACKED, image=entity(job), count=3)
    other = served.completed("stack", {**STACKED, "results/stacked.fits": b"OTHER"}, image=entity(job), count=4)
    answer = seen(served.anonymous, "/compare", a=job_id(one), b=job_id(other))
    rows = found(answer, "//section[@aria-labelledby='parameters']//tbody/tr")
    assert [[cell.text_content() for cell in row] for row in rows] == [["count", "3", "4"]]
    assert "differ" in words(answer, "//section[@aria-labelledby='results']")
    everything = seen(served.anonymous, "/compare", a=job_id(one), b=job_id(other), all="1", whole="1")
    told = words(everything, "//section[@aria-labelledby='parameters']")
    assert "threshold" in told
    assert "equal" in words(everything, "//section[@aria-labelledby='inputs']")
    same = seen(served.anonymous, "/compare", a=job_id(one), b=job_id(one))
    assert "Nothing but ids and times differs" in words(same)


def test_products_of_a_superseded_definition_are_stale_and_can_be_made_again(served: Served) -> None:
    job = copied(served, b"COPY", input=upload(b"RAW"))
    served.completed("stack", STACKED, image=entity(job), count=3)
    publication, administrator = served.provstore.publication, served.provstore.accounts.administrator()
    publication.accept(administrator, publication.propose(administrator, replace(STACK, version="3")).id)
    answer = seen(served.admin, "/stale", service="stack")
    assert "description superseded" in words(answer)
    assert "/replays/new?revision=stack%402" in links(answer)
    assert "1 job would run again" in words(seen(served.admin, "/replays/new", revision="stack@2"), "//h1")


def test_a_document_is_brought_checked_and_forgotten_by_forms(served: Served) -> None:
    body = FOREIGN.encode()
    brought = sent(served.curie, "/prov/documents", file=(io.BytesIO(body), "clean.provn"), public="true")
    place = brought.location.removeprefix(BASE)
    answer = seen(served.anonymous, place, check="1")
    assert "clean.provn" in words(answer, "//h1")
    assert "1 violation" in words(answer)
    assert "raw frame" in names(answer)
    assert "clean.provn" in words(seen(served.anonymous, "/documents"))
    sent(served.curie, f"{place}/forget", 403)
    assert sent(served.admin, f"{place}/forget").location == f"{BASE}/documents"
    seen(served.admin, place, 404)


def test_what_is_wrong_with_a_document_is_told_beside_the_form(served: Served) -> None:
    broken = FOREIGN.replace("entity(ex:clean)", "entity(ex:clean")
    answer = sent(served.curie, "/prov/documents", 400, file=(io.BytesIO(broken.encode()), "x.provn"))
    (wrong,) = found(answer, "//form//p[@role='alert']")
    assert "line" in wrong.text_content()
    strict = sent(served.curie, "/prov/documents", 400, file=(io.BytesIO(FOREIGN.encode()), "x.provn"), strict="true")
    assert "constraint 34" in words(strict, "//form//p[@role='alert']")


def test_a_thousand_affected_products_come_in_pages(served: Served) -> None:
    many = "\n".join(f"wasDerivedFrom(ex:p{number}, ex:raw)" for number in range(1000))
    text = f"document\nprefix ex <http://example.org/>\nentity(ex:raw)\n{many}\nendDocument\n"
    bring(served, text)
    first = seen(served.admin, "/impact", id="http://example.org/raw")
    assert "1,000 products came of it" in words(first)
    assert len(names(first)) == 200
    (following,) = found(first, "//a[@rel='next']/@href")
    second = seen(served.admin, following.removeprefix(BASE))
    assert not set(names(first)) & set(names(second))
    assert len(seen(served.admin, "/impact", id="http://example.org/raw", format="csv").text.splitlines()) == 1001
