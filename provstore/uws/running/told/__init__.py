"""What a script tells of its own run, as nodes and relations around its job."""
