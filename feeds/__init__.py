"""Bytes from the world in, observations or named refusals out.

In: MQTT messages, polled HTTP bodies (and, later, pushed ones), each handed over as a `Delivery`.
Out: `Observation` or `Refusal` values (`feeds.model`). Decoding is pure; only the transport
modules (`feeds.mqtt`, `feeds.http_poll`) touch the network. Whether an observation is *believed*
is not decided here but by the service.
"""
