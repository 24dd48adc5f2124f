"""Provenance documents of others: bytes to statements, one reader a notation."""
