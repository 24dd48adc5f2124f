"""The fMRI workflow of the First Provenance Challenge (Moreau et al. 2008), as PROV-JSON of a stranger.

Four anatomy images are aligned with a reference, resliced, averaged, sliced along three axes and converted to pictures.
"""

from __future__ import annotations

from typing import Any, Final

__all__ = ["EX", "PREFIXES", "challenge"]

EX: Final = "http://example.org/challenge#"
PREFIXES: Final = {"ex": EX, "voprov": "http://www.ivoa.net/documents/ProvenanceDM/index.html#"}
_QNAME: Final = "xsd:QName"
_STAGES: Final = ("align_warp", "reslice", "softmean", "slicer", "convert")


def challenge(run: str = "", *, day: str = "2006-05-29", warp: str = "softmean") -> dict[str, Any]:
    """Give one run: its ids end in ``run``; ``warp`` names the step that averages (another version of it, say)."""
    made = _Made(run, day)
    for number in range(1, 5):
        made.entity(f"anatomy{number}.hdr", {"ex:globalMaximum": _int(4095 if number == 1 else 4000 + number)})
        made.entity(f"anatomy{number}.img", {"ex:center": "UChicago" if number % 2 else "ANL"})
        made.step(
            "align_warp", f"align{number}", [f"anatomy{number}.hdr", f"anatomy{number}.img"], [f"warp{number}"], m="12"
        )
        made.step("reslice", f"reslice{number}", [f"warp{number}"], [f"resliced{number}.img"])
    made.step(warp, "mean", [f"resliced{number}.img" for number in range(1, 5)], ["atlas.img", "atlas.hdr"])
    modality = {"x": "speech", "y": "visual", "z": "audio"}
    for axis in "xyz":
        made.step("slicer", f"slice_{axis}", ["atlas.img", "atlas.hdr"], [f"atlas-{axis}.pgm"], axis=axis)
        made.step("convert", f"convert_{axis}", [f"atlas-{axis}.pgm"], [f"Atlas_{axis}_Graphic"])
        made.annotate(
            f"Atlas_{axis}_Graphic", {"ex:studyModality": modality[axis], "ex:reviewer": "Ann", "ex:stars": _int(3)}
        )
    return made.document


def _int(value: int) -> dict[str, str]:
    return {"$": str(value), "type": "xsd:int"}


class _Made:
    def __init__(self, run: str, day: str) -> None:
        self._run = run
        self._day = day
        self._hour = 8
        self._document: dict[str, Any] = {
            "prefix": PREFIXES,
            "entity": {f"ex:{stage}": self._described(stage) for stage in _STAGES},
            "activity": {},
            "agent": {f"ex:ann{run}": {"prov:label": "Ann", "prov:type": {"$": "prov:Person", "type": _QNAME}}},
            "used": {},
            "wasGeneratedBy": {},
            "wasAssociatedWith": {},
            "wasInfluencedBy": {},
        }

    @property
    def document(self) -> dict[str, Any]:
        return self._document

    @staticmethod
    def _described(name: str) -> dict[str, Any]:
        types = [{"$": f"{prefix}", "type": _QNAME} for prefix in ("voprov:ActivityDescription", "prov:Plan")]
        return {"prov:label": name, "prov:type": types, "voprov:version": "1"}

    def entity(self, name: str, attributes: dict[str, Any]) -> None:
        self._document["entity"][f"ex:{name}{self._run}"] = {"prov:label": name, **attributes}

    def annotate(self, name: str, attributes: dict[str, Any]) -> None:
        self._document["entity"][f"ex:{name}{self._run}"] |= attributes

    def step(self, kind: str, name: str, used: list[str], made: list[str], **parameters: str) -> None:
        name = f"ex:{name}{self._run}"
        self._document["entity"].setdefault(f"ex:{kind}", self._described(kind))
        start = f"{self._day}T{self._hour:02d}:00:00Z"
        self._document["activity"][name] = {
            "prov:startTime": start,
            "ex:stage": _int(_STAGES.index(kind) + 1 if kind in _STAGES else 3),
        }
        self._relate("wasAssociatedWith", {"activity": name, "agent": f"ex:ann{self._run}", "plan": f"ex:{kind}"})
        for one in used:
            self._relate("used", {"activity": name, "entity": f"ex:{one}{self._run}"})
        for one in made:
            self.entity(one, {})
            self._relate("wasGeneratedBy", {"entity": f"ex:{one}{self._run}", "activity": name})
        for parameter, value in parameters.items():
            self._configure(name, parameter, value)

    def _configure(self, activity: str, parameter: str, value: str) -> None:
        node = f"{activity}.{parameter}"
        self._document["entity"][node] = {
            "prov:label": parameter,
            "prov:type": {"$": "voprov:Parameter", "type": _QNAME},
            "prov:value": _int(int(value)) if value.isdecimal() else value,
        }
        relation = {"$": "voprov:ConfigurationRelation", "type": _QNAME}
        self._relate("wasInfluencedBy", {"influencee": activity, "influencer": node}, {"prov:type": relation})

    def _relate(self, kind: str, ends: dict[str, str], further: dict[str, Any] | None = None) -> None:
        section = self._document[kind]
        section[f"_:{kind}{len(section)}"] = {f"prov:{name}": end for name, end in ends.items()} | (further or {})
