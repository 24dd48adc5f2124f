"""W3C PROV-CONSTRAINTS (2013): whether a document tells a history that can have happened."""
