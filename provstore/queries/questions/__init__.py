"""The catalogue's questions, one file each."""
