"""Whole processes that die, break or hang at every place where they could, under load."""
