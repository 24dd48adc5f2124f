"""The tables of the accounts' file, as the steps that lead from each version to the next."""

from __future__ import annotations

from typing import Final

__all__ = ["STEPS"]

STEPS: Final[tuple[tuple[str, ...], ...]] = (
    (
        "CREATE TABLE IF NOT EXISTS person (agent TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, admin INTEGER NOT NULL)",
        "CREATE TABLE IF NOT EXISTS token (hash TEXT PRIMARY KEY, agent TEXT NOT NULL REFERENCES person (agent))",
    ),
    (
        "ALTER TABLE person ADD COLUMN active INTEGER NOT NULL DEFAULT 1",
        "ALTER TABLE person ADD COLUMN password TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE person ADD COLUMN created_at INTEGER",
        "ALTER TABLE token ADD COLUMN id TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE token ADD COLUMN name TEXT NOT NULL DEFAULT 'first'",
        "ALTER TABLE token ADD COLUMN scope TEXT NOT NULL DEFAULT 'all'",
        "ALTER TABLE token ADD COLUMN created_at INTEGER",
        "ALTER TABLE token ADD COLUMN expires_at INTEGER",
        "ALTER TABLE token ADD COLUMN last_used_at INTEGER",
        "UPDATE token SET id = lower(hex(randomblob(8)))",
        "CREATE UNIQUE INDEX token_id ON token (id)",
        "CREATE INDEX token_of ON token (agent)",
        # source: '' by hand, else the provider whose groups said so and may take it back
        (
            "CREATE TABLE granted (agent TEXT NOT NULL REFERENCES person (agent), role TEXT NOT NULL,"
            " service TEXT NOT NULL, source TEXT NOT NULL DEFAULT '', PRIMARY KEY (agent, role, service, source))"
        ),
        (
            "CREATE TABLE session (hash TEXT PRIMARY KEY, agent TEXT NOT NULL REFERENCES person (agent),"
            " created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL)"
        ),
        "CREATE INDEX session_of ON session (agent)",
        (
            "CREATE TABLE identity (issuer TEXT NOT NULL, subject TEXT NOT NULL,"
            " agent TEXT NOT NULL REFERENCES person (agent), created_at INTEGER, PRIMARY KEY (issuer, subject))"
        ),
        "CREATE TABLE failure (subject TEXT NOT NULL, failed_at INTEGER NOT NULL)",
        "CREATE INDEX failure_of ON failure (subject, failed_at)",
    ),
    (
        # log-ins under way at an OpenID Connect provider; both hashes are of random values that only the browser has
        (
            "CREATE TABLE sign_in (state_hash TEXT PRIMARY KEY, browser_hash TEXT NOT NULL, provider TEXT NOT NULL,"
            " redirect_uri TEXT NOT NULL, next TEXT NOT NULL, expires_at INTEGER NOT NULL)"
        ),
    ),
    ("ALTER TABLE person ADD COLUMN seen_at INTEGER",),  # when he signed in last; his tokens have a time of their own
)
"""Step n makes version n + 1 of a file; versions are never edited once they were released. Instants are whole seconds
since 1970 (UTC); secrets are never stored, only their hashes."""
