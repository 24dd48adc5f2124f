"""Documents that are right and unusual: they come back as the PROV library understood them."""

from __future__ import annotations

from typing import Final

import pytest

from tests.unit.ingest.prov_judge import theirs
from tests.web.served import Served
from tests.web.test_documents import BACK, brought

HEAD: Final = '{"prefix": {"ex": "http://example.org/"}, '
STRANGE_JSON: Final = {
    "a plan in a usage": '"used": {"_:u": {"prov:activity": "ex:a", "prov:plan": "ex:p"}}',
    "an activity in an entity": '"entity": {"ex:e": {"prov:activity": "ex:a", "ex:k": ["x", "y"]}}',
    "a time in an entity": '"entity": {"ex:e": {"prov:startTime": "2012-01-01T00:00:00+05:30"}}',
    "one id of several records": '"used": {"ex:u": [{"prov:activity": "ex:a"}, {"prov:activity": "ex:b"}]}',
    "one prefix for two namespaces": (
        '"entity": {"ex:e": {}}, "bundle": {"ex:b": {"prefix": {"ex": "http://two/"}, "entity": {"ex:e": {}}}}'
    ),
}
STRANGE_PROVN: Final = (
    "entity(ex:)",
    r"entity(ex:a\=\'\(\)\,\-\:\;\[\]\.)",
    "entity(ex:0/a.b@c~d&e+f*g?h#i$j!k%2F)",
    "activity(ex:a, 2011-11-16T24:00:00Z, 2011-11-17T00:00:00.123456789+14:00)",
    'entity(ex:e, [ex:k="http://x//y /* z */", ex:k="""a\n"b" c"""]) // entity(ex:f)',
)


@pytest.mark.parametrize("said", STRANGE_JSON.values(), ids=STRANGE_JSON)
def test_strange_json_comes_back_equal_in_every_w3c_format(lasting: Served, said: str) -> None:
    data = f"{HEAD}{said}}}".encode()
    document = brought(lasting.admin, data, format="prov-json")
    backs = {notation: lasting.admin.get(f"/prov/documents/{document}?format={notation}").data for notation in BACK}
    original = theirs(data, "json")
    assert [notation for notation in BACK if theirs(backs[notation], BACK[notation]) != original] == []


@pytest.mark.parametrize("said", STRANGE_PROVN)
def test_strange_prov_n_comes_back_equal_in_every_w3c_format(lasting: Served, said: str) -> None:
    data = f"document\nprefix ex <http://example.org/>\n{said}\nendDocument\n".encode()
    document = brought(lasting.admin, data, format="prov-n")
    backs = {notation: lasting.admin.get(f"/prov/documents/{document}?format={notation}").data for notation in BACK}
    original = theirs(data, "provn")
    assert [notation for notation in BACK if theirs(backs[notation], BACK[notation]) != original] == []
