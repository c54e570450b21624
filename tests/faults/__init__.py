"""Whole processes on bad days."""
