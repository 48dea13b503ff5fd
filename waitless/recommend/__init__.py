"""Recommendations: where to go, in which order, and why.

In: a `Query`, the area, the travel times from its origin, one board, and the time.
Out: a `Recommendation`, ready for JSON. Pure: no clock, no I/O, no graph search.
"""
