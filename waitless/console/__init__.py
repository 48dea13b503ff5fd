"""The operators' page: what it shows, as plain records.

In: the desk of the one process that writes, the board, and the store's history. Out: rows in the
operator's own words, worst first. `words` spells, `spark` draws a day of waits, `trouble` sees what
failed together, `rows` and `held` describe, `listing` sorts and filters: pure, all told the time.
`trends` alone reads the store, once a minute, so that no page waits for it.
"""
