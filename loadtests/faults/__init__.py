"""`make faults`: every part killed, stopped, restarted and cut off, while feeds and patients go on.

`stage` runs the real processes with a proxy in each way between them; `traffic` publishes, pushes
and remembers what was acknowledged; `observer` asks as patients do and holds every answer against
what may never be shown; `account` follows what was acknowledged to the history, or to a writer's
word on it (`judged`); `scenarios` and `acknowledging` are the faults; `report` is the table.

`soak` plays those that nobody dies of for an hour under load (`patients`, `load`), and `endured` is
what it sees. docs/reliability.md describes both.
"""
