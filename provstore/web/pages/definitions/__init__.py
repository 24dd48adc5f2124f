"""Pages of definitions: the catalog, one of them, proposals, the editor."""
