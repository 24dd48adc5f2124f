"""Pages for curators, as browsers without scripts get them: what they find, what they tell, whom they tell it."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

from astropy.io.votable import parse_single_table

from tests.web.conftest import STACK
from tests.web.looking import found, links, names, seen, sent, words
from tests.web.replay_line import bad_line, copied, entity, upload
from tests.web.served import BASE, STACKED, Served, job_id

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


def bring(served: Served, text: str) -> str:
    """Bring a document; give its id."""
    answer = served.admin.post("/prov/documents?format=prov-n", data=text.encode())
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["document"])


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


def test_the_files_of_its_job_are_kept_from_the_page_of_a_product(served: Served) -> None:
    job = served.create(by=served.curie)
    served.execute(job, by=served.curie)
    served.finish(job)
    product = f"/product?id={entity(job, 'result')}"
    page = seen(served.curie, product)
    assert "Person curie" in words(page, "//section[@aria-labelledby='people']")
    (form,) = found(page, "//section[@aria-labelledby='about']//form")
    values = {one.get("name"): one.get("value") for one in form.xpath(".//input")}
    assert sent(served.curie, form.get("action").removeprefix(BASE), **values).location == f"{BASE}{product}"
    assert "Stop keeping" in words(seen(served.curie, product))
    assert "Keep the files" not in words(seen(served.admin, "/product", id=entity(job, "result")))


def test_a_file_that_is_not_here_is_brought_for_a_preview_only_when_one_asks(served: Served) -> None:
    job = served.completed()
    product = entity(job, "result")
    assert "hello" in words(seen(served.anonymous, "/product", id=product), "//section[@aria-labelledby='look']")
    for file in served.directory(job).rglob("result.txt"):
        file.unlink()
    (link,) = found(seen(served.anonymous, "/product", id=product), "//section[@aria-labelledby='look']//a")
    assert link.get("href") == f"{BASE}/preview?id={product}"


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
    plan = seen(lasting.admin, "/replays/new", 404, old="not known", new="neither")
    assert found(plan, "//main//input/@value")[:2] == ["not known", "neither"]
    both = seen(lasting.anonymous, "/compare", 404, a="x", b="y")
    assert found(both, "//input[@id='c-a' or @id='c-b']/@value") == ["x", "y"]
    assert "nothing is known of 'x'" in words(both, "//form/p[@role='alert']")


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
    assert [[cell.text_content() for cell in row] for row in rows] == [["count", "3", "4", "differs"]]
    assert "differ" in words(answer, "//section[@aria-labelledby='results']")
    everything = seen(served.anonymous, "/compare", a=job_id(one), b=job_id(other), all="1", whole="1")
    told = words(everything, "//section[@aria-labelledby='parameters']")
    assert "threshold" in told
    assert "equal" in words(everything, "//section[@aria-labelledby='inputs']")
    same = seen(served.anonymous, "/compare", a=job_id(one), b=job_id(one))
    assert "Nothing but ids and times differs" in words(same)
    assert f"/graph?a={job_id(one)}&b={job_id(other)}" in links(answer)


def test_jobs_of_two_services_stand_side_by_side_all_the_same(served: Served) -> None:
    one = copied(served, b"COPY", input=upload(b"RAW"))
    other = served.completed("stack", STACKED, image=entity(one), count=3)
    answer = seen(served.anonymous, "/compare", a=job_id(one), b=job_id(other))
    assert "They did not do the same" in words(answer)
    rows = found(answer, "//section[@aria-labelledby='parameters']//tbody/tr")
    told = {row[0].text_content(): [cell.text_content() for cell in row[2:]] for row in rows}
    assert told["count"] == ["3", "only in B"]


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
    assert "More than 200 products came of it" in words(first)
    (counting,) = found(first, "//*[@id='counting']/a/@href")
    assert "1,000 products came of it" in words(seen(served.admin, counting.removeprefix(BASE)))
    shown = names(first)
    (following,) = found(first, "//a[@rel='next']/@href")
    while following:
        page = seen(served.admin, following.removeprefix(BASE))
        shown += names(page)
        following = next(iter(found(page, "//a[@rel='next']/@href")), None)
    assert sorted(shown) == sorted(f"p{number}" for number in range(1000))
    assert len(seen(served.admin, "/impact", id="http://example.org/raw", format="csv").text.splitlines()) == 1001
