"""Told: what people were told, held against what later readings imply.

In: readings as they are believed, with the forecast's state at that moment, and the ledger's
counts. Out: running bias, error and coverage per facility, for everybody and for the advised, and
alerts. Pure but for `keeper`, which loads the ledger, and saves. The writer alone does this, so it
costs an answer nothing; nothing in it says who asked or went.

`running` fades figures, `said` is what stood at an instant, `advised` those on their way,
`facility` all that is kept of one facility, `monitor` all facilities, `alarm` decides what is news.
"""
