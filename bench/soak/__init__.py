"""Hours of load with a fault each minute: what leaks, what is lost, what does not come back.

Two servers run over one PostgreSQL, started as an operator starts them.  The first is never
restarted, so its memory can be followed; the second, PostgreSQL and WhatsApp are what things
happen to.  Customers write, agents answer, end and wrap up, statuses come.  In the end everything
that was answered 200 is looked for.  `python -m bench.soak --minutes 30` runs it.
"""
