"""Home as people use it: what runs and what failed, the way to a product's source, and a file dropped on the box."""

from __future__ import annotations

import re
from hashlib import sha256

from playwright.sync_api import Page, expect

from tests.browser.site import Open, Site

DROP = """([name, type, text, bytes]) => {
  const data = new DataTransfer();
  data.items.add(new File([bytes ? new Uint8Array(bytes) : text], name, { type }));
  document.querySelector("form.finder").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true }));
}"""


def drop(page: Page, name: str, content: bytes) -> None:
    """Drop a file on the box in the frame."""
    page.evaluate(DROP, [name, "application/octet-stream", "", list(content)])


def test_home_tells_what_runs_and_what_failed_as_it_happens(site: Site, window: Open) -> None:
    site.account("curie")
    page = window("curie").open("/")
    now = page.get_by_role("region", name="Jobs now")
    expect(now).to_contain_text(re.compile(r"0\s+running"))
    with site.client("curie") as client:
        job = client.run("sleep", parameters={"duration": "600"}, run_id="first light")
    expect(now).to_contain_text(re.compile(r"1\s+running"))
    expect(page.locator("#latest-jobs")).to_contain_text("first light")
    site.finished("sleep", by="curie", duration="0", exit_code="3")
    expect(now).to_contain_text(re.compile(r"1\s+failed"))
    now.get_by_role("link", name=re.compile("failed")).click()
    page.wait_for_url("**/jobs?phase=ERROR&ended=1d")
    expect(page.locator("tr[data-job]")).to_have_count(1)
    page.go_back()
    now.get_by_role("link", name=re.compile("running")).click()
    expect(page.locator("tr[data-job]")).to_have_attribute("data-job", job.id)


def test_a_service_is_run_and_its_product_traced_from_home(site: Site, window: Open) -> None:
    job = site.finished("sleep", duration="0", text="traced")
    page = window().open("/")
    card = page.locator(".products li").filter(has_text="sleep").first
    expect(card.get_by_role("link", name="result", exact=True)).to_be_visible()
    card.get_by_role("link", name="Show lineage of result").click()
    page.wait_for_url(re.compile("/lineage\\?id=.*" + job.id[1:]))
    page.go_back()
    page.get_by_role("link", name="Run sleep").click()
    page.wait_for_url("**/jobs/new?service=sleep")


def test_a_file_dropped_on_the_box_leads_to_its_record(site: Site, window: Open) -> None:
    job = site.finished("sleep", duration="0", text="a text that nothing else has")
    with site.client() as client:
        content = client.read(job.results["result"])
    page = window().open("/jobs")
    drop(page, "found.txt", content)
    page.wait_for_url(re.compile("/product\\?id=.*" + job.id[1:]))
    page.goto("/jobs")
    page.get_by_label("Find the record of a file").set_input_files(
        {"name": "same.txt", "mimeType": "text/plain", "buffer": content}
    )
    page.wait_for_url(re.compile("/product\\?id=.*" + job.id[1:]))
    page.goto("/jobs")
    drop(page, "never-seen.txt", b"nobody has ever stored this")
    page.wait_for_url("**/search")
    expect(page.locator("main")).to_contain_text("never-seen.txt")


def test_a_copy_that_carries_its_provenance_is_known_although_its_bytes_are_not(site: Site, window: Open) -> None:
    site.account("curie")
    made = site.finished("simulate_events", by="curie", RA="329.7", Dec="-30.2", seed="1", ontime="600")
    with site.client("curie") as client:
        name = next(name for name, one in made.results.items() if "fits" in one.mime_type)
        entity = made.entity(name)
        copy = client.fetch(f"/store/{entity}", query={"embed": "provenance"})
    page = window("curie").open("/")
    drop(page, "copy.fits", copy)
    page.wait_for_url(re.compile("/product\\?id="))
    expect(page.locator("main")).to_contain_text(name)
    page.goto("/")  # events are no image: none is asked for
    expect(page.locator(".products li").filter(has_text="simulate_events").locator("img")).to_have_count(0)


def test_a_file_is_found_where_the_browser_makes_no_hashes_and_without_sending_it(site: Site, window: Open) -> None:
    job = site.finished("sleep", duration="0", text="found by plain HTTP")
    with site.client() as client:
        content = client.read(job.results["result"])
    looking = window()
    looking.context.add_init_script("Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined })")
    page = looking.open("/jobs")
    sent: list[str] = []
    page.on("request", lambda one: sent.extend([one.url] if one.method == "POST" else []))
    drop(page, "found.txt", content)
    page.wait_for_url(re.compile("/product\\?id=.*" + job.id[1:]))
    assert sent == []


def test_our_own_hash_is_that_of_the_standard(window: Open) -> None:
    page = window().open("/login")
    lengths = (0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 1000)
    found = page.evaluate(
        """async ([module, lengths]) => {
          const { Sha256 } = await import(module);
          return lengths.map((length) => {
            const hash = new Sha256();
            const bytes = new Uint8Array(length).map((_, place) => place);
            for (let from = 0; from < length; from += 37) hash.update(bytes.subarray(from, from + 37));
            return [...hash.digest()].map((one) => one.toString(16).padStart(2, "0")).join("");
          });
        }""",
        ["/static/js/hash.js", lengths],
    )
    assert found == [sha256(bytes(place % 256 for place in range(length))).hexdigest() for length in lengths]


def test_home_has_no_serious_barrier_and_nothing_sticks_out(site: Site, window: Open) -> None:
    site.finished("sleep", RUNID="x" * 64, duration="0", exit_code="1", text="y" * 200)
    looking = window(viewport={"width": 360, "height": 800}, color_scheme="dark")
    page = looking.open("/")
    assert looking.barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_home_without_scripts_leads_everywhere(site: Site, window: Open) -> None:
    site.finished("sleep", duration="0")
    page = window(java_script_enabled=False).open("/")
    assert page.locator(".services a.button").count() > 3
    assert page.locator(".latest li").count() >= 1
    page.get_by_role("link", name=re.compile("completed in 24 hours")).click()
    assert page.locator("tr[data-job]").count() >= 1
