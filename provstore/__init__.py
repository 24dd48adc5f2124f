"""provstore: a UWS job service whose record is a provenance graph."""

__version__ = "0.1.0"
