"""A site with something on every page, and all its pages: who looks at which address, and what goes wrong where.

A page of the application that is in no row here fails a test.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from astropy.io import fits

from tests.browser.site import Site

__all__ = ["ADMIN", "CURATOR", "DATA", "LOOKS", "REFUSALS", "SOMEBODY", "VISITOR", "Look", "Refusal", "furnish"]

VISITOR: Final = ""
SOMEBODY: Final = "ada"
CURATOR: Final = "curie"
ADMIN: Final = "boss"

ROWS: Final = 100
"""Jobs of somebody, and products of a document: as many as a list shows at a time."""
SPACE: Final = "http://example.org/run#"
LONG: Final = "a name that is much too long for a line " * 5
UNBROKEN: Final = "much_too_long_" * 13
SMALL: Final[Mapping[str, Any]] = {
    "name": "small",
    "script": 'echo "$word" >"$rs/$result"\n',
    "parameters": [{"name": "word", "default": "hello", "description": "What is written"}],
    "generated": [{"name": "result", "default": "result.txt", "content_type": "text/plain"}],
}
FEW: Final[Mapping[str, Any]] = {
    "prefix": {"ex": "http://example.org/few#"},
    "entity": {"ex:raw": {"prov:label": f"raw {LONG}"}, "ex:clean": {}},
    "activity": {"ex:cleaning": {"prov:endTime": "2026-01-01T11:00:00Z"}},
    "used": {"_:u": {"prov:activity": "ex:cleaning", "prov:entity": "ex:raw"}},
    "wasGeneratedBy": {"_:g": {"prov:entity": "ex:clean", "prov:activity": "ex:cleaning"}},
}
"""A document that is looked at whole."""


class Look(NamedTuple):
    """A page: its address, with names of what is furnished in braces, and who looks at it.

    ``ready`` is there when it can be used.
    """

    path: str
    by: str = VISITOR
    ready: str = "main"
    status: int = 200


class Refusal(NamedTuple):
    """What is refused: a request, its status, and who sent it; ``fields`` are those of a form."""

    path: str
    status: int
    by: str = VISITOR
    fields: Mapping[str, str] | None = None


LOOKS: Final[Mapping[str, Look]] = {
    "home": Look("/"),
    "home of somebody": Look("/", SOMEBODY),
    "home of a curator": Look("/", CURATOR),
    "signing in": Look("/login?next=/account"),
    "jobs": Look("/jobs"),
    "no jobs": Look("/jobs?runid=nowhere"),
    "100 jobs": Look("/jobs", SOMEBODY),
    "jobs of all": Look("/jobs?phase=ERROR&phase=COMPLETED", CURATOR),
    "choice of a service": Look("/jobs/new"),
    "new job": Look("/jobs/new?service=copy"),
    "job again": Look("/jobs/new?from={last}", CURATOR),
    "running job": Look("/jobs/{running}"),
    "failed job": Look("/jobs/{failed}"),
    "waiting job": Look("/jobs/{pending}", SOMEBODY),
    "kept job": Look("/jobs/{kept}", SOMEBODY),
    "finished job": Look("/jobs/{last}", CURATOR),
    "preview": Look("/preview?id={table}", SOMEBODY),
    "search": Look("/search"),
    "nothing found": Look("/search?q=no+such+thing"),
    "100 products": Look("/search?q=frame"),
    "narrowed": Look("/search?q=output&service=copy", CURATOR),
    "product": Look("/product?id={made}", CURATOR),
    "stale product": Look("/product?id={old}", CURATOR),
    "foreign product": Look("/product?id={foreign}"),
    "causes": Look("/lineage?id={made}", CURATOR),
    "uses": Look("/lineage?id={bad}&direction=down", CURATOR),
    "account of it": Look("/lineage?id={made}&view=report", CURATOR),
    "no graph yet": Look("/graph"),
    "graph": Look("/graph?id={made}", CURATOR, "#canvas[data-ready]"),
    "graph of 300": Look("/graph?id={hub}&depth=all", ready="#canvas[data-ready]"),
    "bad work": Look("/impact", CURATOR),
    "what is affected": Look("/impact?id={bad}", CURATOR),
    "comparing": Look("/compare", CURATOR),
    "compared": Look("/compare?a={first}&b={last}&all=1&whole=1", CURATOR),
    "stale": Look("/stale", CURATOR),
    "replays": Look("/replays", CURATOR),
    "plan": Look("/replays/new?old={bad}&new={good}", CURATOR),
    "replay": Look("/replays/{replay}", CURATOR),
    "documents": Look("/documents", SOMEBODY),
    "document": Look("/documents/{document}?check=1", ADMIN),
    "definitions": Look("/definitions"),
    "definitions to decide on": Look("/definitions", CURATOR),
    "definition": Look("/definitions/small", CURATOR),
    "revisions compared": Look("/definitions/small/diff?from=1&to=2", CURATOR),
    "proposing": Look("/definitions/propose", CURATOR),
    "proposal": Look("/definitions/proposals/{proposal}", CURATOR),
    "editor": Look("/definitions/new", CURATOR),
    "editor of a service": Look("/definitions/small/edit", CURATOR),
    "editor of a proposal": Look("/definitions/proposals/{proposal}/edit", CURATOR),
    "account": Look("/account", SOMEBODY),
    "administration": Look("/admin", ADMIN),
    "disk": Look("/admin/disk", ADMIN),
    "people": Look("/admin/people", ADMIN),
    "person": Look("/admin/people/ada", ADMIN),
    "wrong choice": Look("/jobs?phase=DONE", status=400),
    "not for everybody": Look("/account", status=401),
    "nothing there": Look("/jobs/j0", SOMEBODY, status=404),
}
"""All pages by a name: each as those see it to whom it says different things."""

DATA: Final = frozenset({"/jobs/rows", "/graph.json", "/graph/document", "/preview.pdf", "/preview.png"})
"""Addresses of pages' blueprints that give no page: rows, views and pictures for our scripts."""

REFUSALS: Final[Mapping[str, Refusal]] = {
    "malformed": Refusal("/uws/sleep", 400, fields={"duration": "soon"}),
    "not for him": Refusal("/admin", 403, SOMEBODY),
    "job of another": Refusal("/uws/copy/{last}", 403, SOMEBODY),
    "wrong password": Refusal("/session", 403, fields={"name": "ada", "password": "wrong"}),
    "no such page": Refusal("/no/such/page", 404),
    "product of another": Refusal("/product?id={made}", 404, SOMEBODY),
    "for programs": Refusal("/session/end", 405),
    "no such format": Refusal("/uws/sleep/{failed}/prov?format=nonsense", 400),
    "too late": Refusal("/prov/replays/{replay}/accept", 409, CURATOR, fields={}),
    "too large": Refusal("/jobs/new", 413, SOMEBODY, fields={"service": "sleep", "text": "x" * 40_000}),
    "no picture": Refusal("/preview.png?id={text}", 415, SOMEBODY),
}
"""What people are refused, by a name. What is too often, fails within, or has to wait is provoked in tests/web."""


def furnish(site: Site, place: Path) -> dict[str, str]:
    """Make people, jobs of all kinds, documents, a proposal and a replay; give the ids by the names of the table."""
    site.account(SOMEBODY)
    site.account(CURATOR, "author:*", "curator:*")
    site.account(ADMIN, admin=True)
    files = _files(place)
    _publish(site, version="1")
    with site.client() as nobody:
        open_to_all = {
            "running": nobody.run("sleep", parameters={"duration": "600"}, run_id=UNBROKEN[:64]).id,
            "failed": nobody.run("sleep", parameters={"duration": "0", "exit_code": "3"}).id,
        }
    return open_to_all | _chain(site, files) | _of_somebody(site, files) | _documents(site) | _proposal(site)


def _chain(site: Site, files: Mapping[str, Path]) -> dict[str, str]:
    """Make the curator's: a bad file, two copies in a line, a good file, a plan; and what is out of date."""
    with site.client(CURATOR) as client:
        old = client.run("small")
        good = client.run("copy", files={"input": files["good"]})
        first = client.wait(client.run("copy", files={"input": files["bad"]}))
        last = client.wait(client.run("copy", parameters={"input": first.entity("output")}))
        made = [client.wait(one) for one in (old, good)]
    used = site.ask("GET", f"/prov/lineage?id={first.id}&depth=1&class=entity")["nodes"]
    bad = next(one["id"] for one in used if one["label"].endswith("bad.dat")).rpartition("#")[2]
    replacement = {"replace": f"{bad}={made[1].entity('output')}", "dry_run": "false"}
    replay = site.ask("POST", "/prov/replays", by=CURATOR, json=replacement)["replay"]
    _publish(site, version="2")
    jobs = {"first": first.id, "last": last.id, "made": last.entity("output")}
    return jobs | {"old": made[0].entity("result"), "bad": bad, "good": made[1].entity("output"), "replay": replay}


def _of_somebody(site: Site, files: Mapping[str, Path]) -> dict[str, str]:
    """Make as many waiting jobs as a list shows, and one whose files are kept."""
    with site.client(SOMEBODY) as client:
        kept = client.wait(client.run("copy", files={"input": files["table"]}))
        text = client.wait(client.run("sleep", parameters={"duration": "0", "text": LONG}))
        pending = client.create("sleep", parameters={"text": "\u0627\u0644\u0633\u0644\u0627\u0645 " * 9})
    site.ask("POST", f"/uws/copy/{kept.id}/keep", by=SOMEBODY, data={"ACTION": "KEEP"})
    rows = [{"text": f"row {number}"} for number in range(ROWS)]
    site.ask("POST", "/uws/sleep", by=SOMEBODY, json=rows, follow_redirects=True)
    return {"kept": kept.id, "table": kept.entity("output"), "pending": pending.id, "text": text.entity("result")}


def _documents(site: Site) -> dict[str, str]:
    """Bring a document of 300 things, all of one run, the first with a long name; and a small one."""
    frames = {f"ex:frame{number}": f"frame {number}" for number in range(2 * ROWS)} | {"ex:frame0": f"frame 0, {LONG}"}
    raws = {f"ex:raw{number}": f"raw {number}" for number in range(ROWS - 1)}
    told: dict[str, Any] = {
        "prefix": {"ex": SPACE},
        "activity": {"ex:run": {"prov:label": "night run"}},
        "entity": {name: {"prov:label": label} for name, label in (frames | raws).items()},
        "used": {f"_:{name[3:]}": {"prov:activity": "ex:run", "prov:entity": name} for name in raws},
        "wasGeneratedBy": {f"_:{name[3:]}": {"prov:entity": name, "prov:activity": "ex:run"} for name in frames},
    }
    kind = {"Content-Type": "application/json"}
    address = "/prov/documents?format=prov-json&public=true"
    site.ask("POST", address, content=json.dumps(told), headers=kind)
    sent = site.ask("POST", address, content=json.dumps(FEW), headers=kind)
    return {
        "document": sent["document"],
        "foreign": quote(f"{SPACE}frame0", safe=""),
        "hub": quote(f"{SPACE}run", safe=""),
    }


def _publish(site: Site, *, version: str) -> None:
    proposal = site.ask("POST", "/jdl", by=CURATOR, json={**SMALL, "version": version})
    site.ask("POST", f"/jdl/proposals/{proposal['id']}/accept", by=CURATOR, json={})


def _proposal(site: Site) -> dict[str, str]:
    changed = {**SMALL, "version": "3", "script": 'echo "$word" | rev >"$rs/$result"\n'}
    return {"proposal": site.ask("POST", "/jdl", by=CURATOR, json=changed)["id"]}


def _files(place: Path) -> dict[str, Path]:
    """Write a bad and a good file, and a FITS table."""
    files = {"bad": place / f"{UNBROKEN}bad.dat", "good": place / "good.dat", "table": place / "table.fits"}
    for name in ("bad", "good"):
        files[name].write_text(f"a {name} frame of this site, longer than a few bytes: {LONG}", encoding="utf-8")
    columns = [fits.Column("energy", "D", "TeV", array=[1.5, 2.5]), fits.Column("ra", "D", "deg", array=[83.6, 83.7])]
    fits.BinTableHDU.from_columns(columns, name="EVENTS").writeto(files["table"])
    return files
