"""The explorer of the graph: what is asked, what is seen, as JSON."""
