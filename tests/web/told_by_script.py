"""A rich document that a script of the service ``stack`` may write, hostile names included."""

from __future__ import annotations

import json
from typing import Any, Final

from tests.web.served import STACKED

__all__ = ["HOSTILE", "RICH", "files_told"]

HOSTILE: Final = (
    "<script>alert(1)</script>",
    "\"quotes' and \\back",
    "\u202eright to left",
    "../../../etc/passwd",
    "\u661f\u7a7a \U0001f52d",
    "line\nbreak\x01\u2028",
    "a" * 3000,
)
_TYPE: Final = {"$": "prov:Person", "type": "xsd:QName"}

RICH: Final[dict[str, Any]] = {
    "prefix": {"ex": "http://example.org/ns#", "q": "http://example.org/?q="},
    "entity": {
        "stacked": {"ex:snr": 5.5, "ex:note": [{"$": name, "lang": "en"} for name in HOSTILE]},
        "ex:aligned": {
            "prov:label": "aligned frame",
            "prov:location": "tmp/aligned.fits",
            "prov:type": [{"$": "prov:Collection", "type": "xsd:QName"}, {"$": "ex:Frame", "type": "xsd:QName"}],
        },
        "ex:catalogue": {"prov:value": {"$": "1.50", "type": "xsd:decimal"}, "q:a/b c": True},
        **{name: {f"ex:{name}": name, "prov:location": name} for name in HOSTILE},
    },
    "activity": {
        "current_job": {"ex:seed": 42},
        "ex:align": {"prov:startTime": "2026-03-01T12:00:01Z", "prov:endTime": "2026-03-01T12:00:01.5Z"},
        "ex:coadd": {},
    },
    "agent": {
        "swarp": {"prov:label": "SWarp <2>", "version": "2.41"},
        "ex:ada": {"prov:type": _TYPE, "prov:label": "Ada \u202e", "voprov:email": "ada@example.org"},
    },
    "used": {
        "ex:u1": {"prov:activity": "ex:align", "prov:entity": "image", "prov:role": 'raw "frame"', "ex:hdu": 2},
        "_:u2": {"prov:activity": "ex:coadd", "prov:entity": "ex:aligned", "prov:time": "2026-03-01T12:00:02Z"},
        "_:u3": {"prov:activity": "current_job", "prov:entity": "ex:catalogue", "prov:role": "catalogue"},
    },
    "wasGeneratedBy": {
        "ex:g1": {"prov:entity": "ex:aligned", "prov:activity": "ex:align", "prov:time": "2026-03-01T12:00:01.5Z"},
        "_:g2": {"prov:entity": "stacked", "prov:activity": "ex:coadd"},
        **{f"_:h{n}": {"prov:entity": name, "prov:activity": "ex:coadd"} for n, name in enumerate(HOSTILE)},
    },
    "wasDerivedFrom": {
        "_:d1": {
            "prov:generatedEntity": "stacked",
            "prov:usedEntity": "ex:aligned",
            "prov:activity": "ex:coadd",
            "prov:usage": "_:u2",
            "prov:generation": "_:g2",
        },
        "ex:d2": {
            "prov:generatedEntity": "ex:aligned",
            "prov:usedEntity": "image",
            "prov:type": {"$": "prov:Revision", "type": "xsd:QName"},
        },
    },
    "wasInformedBy": {"_:i": {"prov:informed": "ex:coadd", "prov:informant": "ex:align", "prov:label": HOSTILE[0]}},
    "wasStartedBy": {"_:s": {"prov:activity": "ex:coadd", "prov:trigger": "ex:aligned", "prov:starter": "ex:align"}},
    "wasEndedBy": {"_:e": {"prov:activity": "ex:align", "prov:trigger": "ex:aligned"}},
    "wasInvalidatedBy": {"_:x": {"prov:entity": "ex:aligned", "prov:activity": "ex:coadd"}},
    "wasAssociatedWith": {
        "_:a1": {"prov:activity": "current_job", "prov:agent": "swarp", "prov:role": "Stacker"},
        "_:a2": {"prov:activity": "ex:align", "prov:agent": "ex:ada", "prov:plan": "ex:catalogue"},
    },
    "wasAttributedTo": {"_:t": {"prov:entity": "stacked", "prov:agent": "ex:ada", "prov:role": "Creator"}},
    "actedOnBehalfOf": {"_:b": {"prov:delegate": "ex:ada", "prov:responsible": "swarp", "prov:activity": "ex:align"}},
    "wasInfluencedBy": {"_:f": {"prov:influencee": "log", "prov:influencer": "ex:ada"}},
    "specializationOf": {"_:z": {"prov:specificEntity": "stacked", "prov:generalEntity": "ex:aligned"}},
    "alternateOf": {"_:l": {"prov:alternate1": "stacked", "prov:alternate2": "log"}},
    "hadMember": {"_:m": {"prov:collection": "ex:aligned", "prov:entity": ["stacked", "ex:catalogue"]}},
}
"""Every kind of record; all of it is taken."""


def files_told(document: object, *, folder: str = "work") -> dict[str, bytes]:
    """What the service makes, and what its script says of it."""
    return {**STACKED, f"{folder}/internal_provenance.json": json.dumps(document).encode()}
