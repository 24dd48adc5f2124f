"""Jobs on SLURM clusters: its words and command lines, and the executor that speaks them."""
