"""Every form in which a description is read or written: one file a dialect."""
