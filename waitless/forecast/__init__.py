"""From posted figures to the wait a patient will meet.

In: believed readings. Out: `WhenSeen`, a range with its basis: `posted`, the latest figure widened
by what its statistic leaves open, or `forecast`, what the facility's past makes of it.

`learn.update` and `learn.shut` take a reading, or a closing, into a `state.ForecastState`;
`predict.predict_seen` tells a patient's wait from it, `predict.predict` the figure that will be
posted. `learner` learns for the writer; `outlook` lays out what is told, so that answering needs no
state. No clock and no I/O; docs/prediction.md explains the figures. `backtest` walks recorded
series forward.
"""
