"""What may be wrong with a description: everything at once, each with its place."""
