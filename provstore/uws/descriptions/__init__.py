"""Activity descriptions: what a service takes, runs and makes; the dialects they are written in."""
