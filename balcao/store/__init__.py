"""Remembers.  The only SQL."""
