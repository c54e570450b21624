"""Speaks to Meta."""
