"""What happens, counted and traced; known to all, and knowing nobody."""
