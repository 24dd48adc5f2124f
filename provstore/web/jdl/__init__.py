"""/jdl: definitions of services, and the way on which they are published."""
