"""Pages for people: server-rendered, usable without scripts; a folder per family, as in templates/."""
