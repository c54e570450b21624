"""The simulated day: the real steps on a real PostgreSQL, with a clock moved by hand.

One source of chance decides everything: who writes, who answers, what WhatsApp repeats, reorders
or drops, when time jumps, and where a step is killed.  So a seed is a day, and a day that broke a
promise can be had again.
"""
