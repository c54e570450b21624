"""What one machine carries, measured beside the least that could carry it.

A number says something only next to a floor, so each run puts Balcão and two programs that do the
bare minimum through the same load, in turns.  `python -m bench` runs everything and writes a table;
docs/measuring.md says how to read it.
"""
