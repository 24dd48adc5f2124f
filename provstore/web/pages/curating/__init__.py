"""Pages of products and of curators: search, lineage, impact, comparison, what is stale, replays, documents."""
