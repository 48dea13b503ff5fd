"""`make faults`: every part killed, stopped, restarted and cut off, while feeds and patients go on.

`stage` runs the real processes with a proxy in each way between them; `traffic` publishes, pushes
and remembers what was acknowledged; `observer` asks as patients do and holds every answer against
what may never be shown; `account` compares what was acknowledged with what is stored; `scenarios`
are the faults; `report` is the table. docs/reliability.md describes it.
"""
