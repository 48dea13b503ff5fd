"""The demo: a simulated East Kent on embedded parts, so that nothing needs to be installed.

In: the area's facilities and a seed. Out: a private Redis, an MQTT broker on loopback, and every
facility's waits published through it, each message labelled `simulated`. Only `waitless demo`
and tests use this package; the service itself does not know whether its feeds are simulated.
"""
