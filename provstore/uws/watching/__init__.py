"""Those who wait for changes: WAIT, event streams, and followers of what a job prints."""
