"""Listens.  HTTP in, views and problems out."""
