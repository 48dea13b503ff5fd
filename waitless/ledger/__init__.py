"""The ledger: who is on the way where, so that not all are sent to one place.

Pure: `counts` (arrivals by facility and five minutes), `correct` (the wait they make), `usual`
(what of it is not news), `policy` (the choices, published), `temper` (spreading people where no
ledger can be had), `suspect` (counts that nobody can believe). With the store: `entries` (journeys
and served answers into Redis), `picture` and `follow` (what every answering process sees of it),
`served` (answers counted in batches), `keeper` (the writer's part: learning and alarms).
"""
