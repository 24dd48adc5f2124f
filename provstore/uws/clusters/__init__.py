"""Which executor a job gets, and which resources of a cluster it may ask for."""
