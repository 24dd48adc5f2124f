"""Pages for people: server-rendered, usable without scripts."""
