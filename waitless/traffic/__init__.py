"""Traffic: what sources say of the roads, made into a travel time for every edge at an instant.

`profile` is the usual time of day; `links` knows which edges a source's links are; `picture` keeps
what sources said; `edges` turns the three into times. All pure: every function takes `now`.
"""
