"""Proving the set-up of a cluster step by step, from the key on this machine to a job on a compute node."""
