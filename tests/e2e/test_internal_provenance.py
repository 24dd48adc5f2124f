"""A real job whose real script tells of its steps; what it told is asked for over HTTP."""

from __future__ import annotations

import html
import json
from typing import Final

import httpx
from prov.model import ProvActivity, ProvDocument, ProvEntity

from tests.e2e.served import Served, finish

DOCUMENT: Final = {
    "prefix": {"ex": "http://example.org/steps#"},
    "entity": {"ex:upper": {"prov:label": "upper case", "prov:location": "upper.txt"}, "result": {"ex:lines": 1}},
    "activity": {"ex:shout": {"prov:startTime": "2026-03-01T12:00:00Z"}, "id:j-other": {}},
    "agent": {"tr": {"prov:label": "GNU tr", "version": "9"}},
    "wasGeneratedBy": {"_:g": {"prov:entity": "ex:upper", "prov:activity": "ex:shout"}},
    "wasDerivedFrom": {"_:d": {"prov:generatedEntity": "out.txt", "prov:usedEntity": "ex:upper"}},
    "wasAssociatedWith": {"_:a": {"prov:activity": "ex:shout", "prov:agent": "tr"}},
}
SCRIPT: Final = f"""
echo hello | tr a-z A-Z > upper.txt
cp upper.txt "$rs/out.txt"
cat > internal_provenance.json <<'END'
{json.dumps(DOCUMENT)}
END
"""


def test_a_script_tells_of_its_steps(served: Served) -> None:
    with served.client() as client:
        job = finish(client, "one", SCRIPT)
    assert job.phase == "COMPLETED"
    with httpx.Client(base_url=served.address) as web:
        told = web.get(f"/uws/one/{job.id}", headers={"Accept": "application/json"}).json()
        lineage = web.get(f"/prov/lineage?id=e{job.id[1:]}.result&format=prov-json")
        page = web.get(f"/jobs/{job.id}", headers={"Accept": "text/html"})
    tree = served.command("lineage", f"e{job.id[1:]}.result").stdout
    assert [line.strip("├└│─ ").partition(" j")[0] for line in tree.splitlines()] == [
        "result (text/plain)",
        "[one] completed",
        "upper case",
        "[shout]",
        "[one] completed",
    ]
    unseen = "activity.id:j-other: there is nothing of this id that the job's owner may see"
    assert told["jobInfo"]["remarks"] == f"internal_provenance.json: {unseen}"
    assert told["jobInfo"]["history"][-1]["cause"] == "executor local; 1 remark on internal_provenance.json"
    assert f"{unseen}</pre>" in html.unescape(page.text)
    assert [one["id"] for one in told["results"]] == ["result"]
    document = ProvDocument.deserialize(content=lineage.text, format="json")
    assert isinstance(document, ProvDocument)
    names = {str(name) for one in document.records for name in one.get_attribute("prov:label")}
    assert {"one", "shout", "upper case", "GNU tr"} <= names
    (step,) = (
        one for one in document.get_records(ProvActivity) if "shout" in map(str, one.get_attribute("prov:label"))
    )
    assert str(step.identifier) == f"id:{job.id}.-shout"
    (result,) = (one for one in document.get_records(ProvEntity) if str(one.identifier) == f"id:e{job.id[1:]}.result")
    assert [str(value) for name, value in result.attributes if name.localpart == "lines"] == ["1"]
