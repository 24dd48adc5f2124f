"""The search for people: by name, id, hash and file, narrowed by what it found."""

from __future__ import annotations

import hashlib
import io

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.web.looking import found, links, names, seen, sent, words
from tests.web.replay_line import copied, entity, upload
from tests.web.served import BASE, STACKED, Served, job_id


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
    assert "ra in 0..360" in words(answer, "//form[@id='search']/p[@role='alert']")
    assert found(answer, "//input[@id='s-ra']/@value") == ["400"]
    assert "a least or largest one, is needed" in words(seen(lasting.anonymous, "/search", 400, parameter="count"))


def test_what_was_found_is_counted_by_person_too(served: Served) -> None:
    job = served.create(by=served.curie)
    served.execute(job, by=served.curie)
    served.finish(job)
    answer = seen(served.curie, "/search", q="result")
    assert words(answer, "//div[@aria-label='For']") == "For curie 1"
    assert "/search?q=result&agent=curie" in links(answer)


def test_a_file_that_names_a_script_as_its_page_is_told_of_without_a_link(served: Served) -> None:
    for page, linked in (("javascript:alert(1)", 0), ("https://example.org/e1", 1)):
        told = PngInfo()
        told.add_itxt("Provenance ID", "https://example.org/e1")
        told.add_itxt("Provenance page", page)
        picture = io.BytesIO()
        Image.new("L", (1, 1)).save(picture, "PNG", pnginfo=told)
        answer = sent(served.anonymous, "/search", 200, file=(io.BytesIO(picture.getvalue()), "picture.png"))
        assert "It says that it is https://example.org/e1" in words(answer)
        assert len(found(answer, f"//main//a[@href='{page}']")) == linked
