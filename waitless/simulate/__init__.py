"""A simulated East Kent: patients choose, travel, wait and are seen; feeds tell of it late.

In: an area pack, the assumptions of `assumptions.toml`, a policy. Out: when every patient was
seen. `kent` joins pack and assumptions, `draws` draws the patients of a replication, `world` plays
them through the `queue` of each facility and publishes what its feed would say, `advice` tells
users where to go with the service's own forecast, ledger and ranking, `measures` sums up and
`experiment` pairs replications. No clock: the seed gives everything. docs/simulation.md.
"""
