"""Graph to bytes: one file a format, listed in :mod:`provstore.export.registry`."""
