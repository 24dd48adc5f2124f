"""Questions to the graph, written once over the store's primitives."""
