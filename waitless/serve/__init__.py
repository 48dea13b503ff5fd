"""Serving: one process, or a supervisor with several that share a port.

`process` runs the application of one process, from its start to its drained end. `supervisor`
starts such processes: `child` is one of them as seen from outside, `slot` keeps one alive and
replaces it without a gap.
"""
