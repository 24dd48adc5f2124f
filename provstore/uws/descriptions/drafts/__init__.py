"""Descriptions made for somebody: from what a program tells of itself, or from a command line with gaps."""
