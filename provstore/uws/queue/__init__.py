"""Who starts next, and why a job waits."""
