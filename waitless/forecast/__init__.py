"""From posted figures to the wait a patient will meet.

In: believed readings. Out: `WhenSeen`, a range with its basis. Today the only basis is `posted`:
the latest figure, widened by what its statistic leaves open.
"""
