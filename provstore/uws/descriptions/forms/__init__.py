"""The form of a service as data: fields, widgets, limits, from which pages and other clients build theirs."""
