"""Time zones by their names: in which days and hours are meant."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from provstore.errors import Invalid

__all__ = ["zone_named"]


def zone_named(name: str) -> ZoneInfo:
    """Give a time zone.

    Raises:
        Invalid: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        right = "the name of a time zone, such as UTC or Europe/Paris, is needed"
        raise Invalid(f"tz={name!r}: {right}", field="tz", value=name) from error
