"""Shows.  Whole views, by version, to whoever watches."""
