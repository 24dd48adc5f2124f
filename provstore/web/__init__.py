"""Thin Flask views by resource: parse, call one service or query, render."""
