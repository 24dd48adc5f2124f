"""The supervisor and the steps of a job's life: staged, started, ended, collected."""
