"""The real voprov 0.0.4: makes documents, and tells what it understands of others.

Runs in the virtual environment that tests/voprov_judge.py makes: ``program.py make FOLDER`` or
``program.py tell FORMAT FILE...``, which prints a list of records for each file.
"""

import json
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import prov.serializers.provxml as reading  # type: ignore[import-not-found,import-untyped,unused-ignore]
import voprov.serializers.xml as writing  # type: ignore[import-not-found]  # in its own environment
from lxml import etree
from prov.model import Identifier, Literal, QualifiedName
from voprov.models.constants import PROV_BASE_CLS, VOPROV  # type: ignore[import-not-found]
from voprov.models.model import VOProvDocument  # type: ignore[import-not-found]

NOON = "2020-01-02T12:00:00"


def made() -> Any:
    """Give a document with every class and every relation of voprov."""
    document = VOProvDocument()
    document.add_namespace("ex", "http://example.org/")
    document.set_default_namespace("http://example.org/plain/")
    make_elements(document)
    make_descriptions(document)
    make_relations(document)
    bundle = document.bundle("ex:bundle")
    bundle.entity("ex:raw", "said in the bundle")
    bundle.parameter("ex:gain", "gain", "2.5")
    bundle.wasConfiguredBy("ex:run", "ex:gain")
    return document


def make_elements(document: Any) -> None:
    """Add activities, entities, agents, parameters and configuration files."""
    further = {"ex:uri": Identifier("http://example.org/u"), "ex:count": 3, "ex:ratio": 1.5, "ex:done": True}
    document.activity("ex:run", "calibration run", NOON, "2020-01-02T13:00:00", "by night", "ex:calibrate", further)
    document.activity("ex:before")
    document.activity("unqualified")
    document.entity("ex:raw", "raw image", "http://example.org/raw.fits", NOON, None, "cloudy", "ex:image")
    document.valueEntity("ex:offset", 3.5, "offset", valueDescription="ex:offsetValue")
    document.datasetEntity("ex:calibrated", "calibrated image", "/data/cal.fits", datasetDescription="ex:fits")
    document.collection("ex:night", {"prov:label": Literal("nuit d'été", langtag="fr")})
    document.configFile("ex:settings", "settings", "/etc/settings.ini", "as installed", "ex:settingsFile")
    document.parameter("ex:threshold", "threshold", "5", "ex:thresholdParameter")
    document.agent("ex:ada", "Ada", "Person", "is kind", "ada@example.org", "Observatory", "1", "Paris", "http://ada")


def make_descriptions(document: Any) -> None:
    """Add descriptions of every class."""
    document.activityDescription("ex:calibrate", "calibrate", "1.2", "by flats", "http://doc", "Calibration", "flat")
    document.entityDescription("ex:image", "image", "of the sky", "http://doc/image", "fits")
    document.valueDescription("ex:offsetValue", "offset", "double", "mV", "phot.mag", "ex:ut")
    document.datasetDescription("ex:fits", "fits file", "image/fits")
    document.usageDescription("ex:input", "ex:calibrate", "input", "the image", "Main", "1", "ex:image")
    document.generationDescription("ex:output", "ex:calibrate", "output", "it", "Main", "*", ["ex:fits", "ex:image"])
    document.configFileDescription("ex:settingsFile", "ex:calibrate", "settings", "text/plain", "all of them")
    document.parameterDescription(
        *("ex:thresholdParameter", "ex:calibrate", "threshold", "double", "cut", "adu", "phot", "ex:ut"),
        *("0", "9", "1 5", "5"),
    )


def make_relations(document: Any) -> None:
    """Add relations of every kind."""
    document.used("ex:run", "ex:raw", "ex:input", "input", NOON, "ex:usage")
    document.used("ex:run", "ex:offset")
    document.wasGeneratedBy("ex:calibrated", "ex:run", "ex:output", "output", "2020-01-02T12:59:00", "ex:generation")
    document.wasStartedBy("ex:run", "ex:raw", "ex:before", NOON)
    document.wasEndedBy("ex:run", "ex:raw", "ex:before", NOON)
    document.wasInvalidatedBy("ex:raw", "ex:run", NOON)
    document.wasInformedBy("ex:run", "ex:before")
    document.wasAttributedTo("ex:calibrated", "ex:ada", "Creator")
    document.wasAssociatedWith("ex:run", "ex:ada", "Operator", "ex:calibrate")
    document.actedOnBehalfOf("ex:ada", "ex:observatory", "ex:run")
    document.wasInfluencedBy("ex:run", "ex:raw")
    document.wasDerivedFrom("ex:calibrated", "ex:raw", "ex:run", "ex:generation", "ex:usage")
    for kind in ("wasRevisionOf", "wasQuotedFrom", "hadPrimarySource", "specializationOf", "alternateOf"):
        getattr(document, kind)("ex:calibrated", "ex:raw")
    document.mentionOf("ex:calibrated", "ex:raw", "ex:bundle")
    document.hadMember("ex:night", "ex:raw")
    document.wasConfiguredBy("ex:run", "ex:threshold", "Parameter")
    document.wasConfiguredBy("ex:run", "ex:settings", "ConfigFile", "ex:configuration")
    document.hadReference("ex:threshold", "ex:offset")
    document.isDescribedBy("ex:usage", "ex:input")


def make(folder: Path) -> None:
    """Write the document as voprov does, and what voprov makes of it for tools that know W3C only."""
    document = made()
    (folder / "all.json").write_text(document.serialize(format="json", indent=1) + "\n", encoding="utf-8")
    (folder / "all.xml").write_text(document.serialize(format="xml"), encoding="utf-8")
    (folder / "w3c.json").write_text(document.get_w3c().serialize(format="json", indent=1) + "\n", encoding="utf-8")


def read_json(file: Path) -> Any:
    """Read PROV-JSON as voprov does."""
    return VOProvDocument.deserialize(content=file.read_text(encoding="utf-8"), format="json")


def read_xml(file: Path) -> Any:
    """Read PROV-XML with voprov's classes.

    0.0.4 inherits its reader from prov, which looks for records in W3C's namespace only, while its writer puts them
    into voprov's: it can't read what itself writes. The reader is told the names that the writer has.
    """
    reading.DEFAULT_NAMESPACES = {**reading.DEFAULT_NAMESPACES, "prov": VOPROV}  # type: ignore[attr-defined,unused-ignore]
    reading.FULL_PROV_RECORD_IDS_MAP = writing.FULL_PROV_RECORD_IDS_MAP
    for kind in writing.FULL_PROV_RECORD_IDS_MAP.values():
        PROV_BASE_CLS.setdefault(kind, kind)
    document = VOProvDocument()
    return writing.VOProvXMLSerializer(document).deserialize_subtree(etree.parse(str(file)).getroot(), document)


def value(given: Any) -> list[str]:
    """Give a value as its text and its type."""
    if isinstance(given, QualifiedName):
        return [given.uri, "name"]
    if isinstance(given, Identifier):
        return [given.uri, "uri"]
    if isinstance(given, Literal):
        return [given.value, str(given.datatype), given.langtag or ""]
    if isinstance(given, datetime):
        return [given.isoformat(), "time"]
    return [str(given), type(given).__name__]


def records(bundle: Any) -> list[list[Any]]:
    """Give the records of a document or bundle: class, id and attributes, with full URIs."""
    return sorted(
        [
            type(one).__name__,
            one.identifier.uri if one.identifier else "",
            sorted([key.uri, *value(given)] for key, given in one.attributes),
        ]
        for one in bundle.get_records()
    )


READERS: Mapping[str, Callable[[Path], Any]] = {"json": read_json, "xml": read_xml}


def tell(name: str, files: list[str]) -> None:
    """Print what voprov understands of files."""
    told = []
    for file in files:
        document = READERS[name](Path(file))
        told.append({"": records(document), **{one.identifier.uri: records(one) for one in document.bundles}})
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]))
    else:
        tell(sys.argv[2], sys.argv[3:])
