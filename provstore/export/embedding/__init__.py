"""Copies of files that carry their own provenance."""
