"""Executors run staged job directories: the local one here, clusters beside it."""
