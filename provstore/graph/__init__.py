"""What provenance is, and where it is kept."""
