"""Pages as browsers without scripts get them, and what stands in them."""

from __future__ import annotations

from typing import Any, cast

from flask.testing import FlaskClient
from lxml import html
from werkzeug.test import TestResponse

from tests.web.served import BASE

__all__ = ["found", "links", "names", "seen", "sent", "words"]

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


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
