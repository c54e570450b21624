"""Acts.  Loops of one shape: do what is due, wait to be woken, look again."""
