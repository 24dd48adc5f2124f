"""People, tokens and roles: in a small SQLite file of their own, never in the graph."""
