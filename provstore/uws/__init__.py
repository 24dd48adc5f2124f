"""What a job is and how it lives: a view of the graph, and the use cases that change it."""
