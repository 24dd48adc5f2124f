"""The commands of ``provstore describe``."""
