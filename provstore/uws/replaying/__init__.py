"""Jobs that run once more: one by itself, or all that a replacement affects."""
