"""Commands and files on another machine by SSH: the only place that knows the SSH library."""
