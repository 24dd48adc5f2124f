"""Signing in and out at a provider of identities, as a browser does it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.site import Open, Site
from tests.e2e.served import Served
from tests.oidc_fake import CLIENT, SECRET, FakeProvider, running_fake


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    with running_fake() as made:
        yield made


@pytest.fixture(scope="module")
def site(provider: FakeProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    place = tmp_path_factory.mktemp("site")
    (place / "secret").write_text(SECRET)
    lab = {"issuer": provider.issuer, "client_id": CLIENT, "client_secret_file": str(place / "secret")}
    served = Served(place, {"PROVSTORE_OIDC": json.dumps({"lab": lab | {"label": "The Lab"}})})
    try:
        yield Site(served.start())
    finally:
        served.clear()
        shutil.rmtree(served.data, ignore_errors=True)


def test_a_person_signs_in_at_a_provider_and_signs_out_of_both(
    site: Site, provider: FakeProvider, window: Open
) -> None:
    entering = window()
    entering.allowed += ["401", provider.issuer]
    page = entering.open("/account")
    page.get_by_role("main").get_by_role("link", name="Sign in").click()
    page.get_by_role("link", name="Sign in with The Lab").click()
    expect(page).to_have_url(f"{site.address}/account")
    expect(page.get_by_role("list", name="You sign in as")).to_contain_text("The Lab")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("banner").get_by_role("link", name="Sign in")).to_be_visible()
    assert provider.asked[-1] == "/end"
    expect(page).to_have_url(f"{site.address}/")
