"""What jobs use: from what a client gives to nodes of the graph, and files that are fetched from elsewhere."""
