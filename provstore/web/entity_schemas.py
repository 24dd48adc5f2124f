"""What the JSON about registered products and annotations looks like (JSON Schema 2020-12)."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["ENTITY_SCHEMAS"]

_TEXT: Final = {"type": "string"}
_TEXTS: Final = {"type": "array", "items": _TEXT}
_WHOLE: Final = {"type": "integer", "minimum": 0}
_TIME: Final = {"type": ["string", "null"], "format": "date-time"}
_ANNOTATION: Final[dict[str, Any]] = {
    "id": _TEXT,
    "author": _TEXT,
    "created": _TIME,
    "public": {"type": "boolean"},
    "attributes": {"type": "object", "additionalProperties": {"type": ["string", "array"], "items": _TEXT}},
}
_REGISTERED: Final[dict[str, Any]] = {
    "rows": _WHOLE,
    "registered": _WHOLE,
    "known": _WHOLE,
    "entities": _TEXTS | {"description": "local ids, the first thousand"},
    "activities": _TEXTS | {"description": "local ids, one a batch"},
}
_ANNOTATIONS: Final[dict[str, Any]] = {
    "items": {"type": "array", "items": {"$ref": "#/components/schemas/Annotation"}},
    "next": {"type": "null"},
}


def _object(members: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": members, "required": list(members)}


ENTITY_SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    "Registered": _object(_REGISTERED),
    "Annotation": _object(_ANNOTATION),
    "AnnotationList": _object(_ANNOTATIONS),
}
