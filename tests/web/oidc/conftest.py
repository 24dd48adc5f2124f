"""A site whose people sign in at a provider on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oidc_fake import FakeProvider, running_fake
from tests.web.conftest import Serve
from tests.web.oidc_site import MakeSite, Site, site_maker


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with running_fake() as running:
        yield running


@pytest.fixture
def make_site(serve: Serve, provider: FakeProvider, tmp_path: Path) -> MakeSite:
    return site_maker(serve, provider, tmp_path)


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    return make_site()
