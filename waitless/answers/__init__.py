"""Answers as bytes, quickly: what `waitless.recommend` says, ranked compiled and joined from parts.

In: a request target. Out: an `Entry` whose bytes are those that serialising `recommend`'s answer
would give; tests hold the two together. What an answer rests on is laid out beforehand:
`doors` (hours, once a day), `sheet` (waits, once per board and tick), `parts` (what never changes).
"""
