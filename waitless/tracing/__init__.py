"""Traces: the way of one delivery from its receipt to the answers that show it (0024).

What a span is called and says is pure: `deliveries`, `boards`, `requests` make `span.Span`s;
`context` knows ids. `sender` alone knows OpenTelemetry, and is imported only where a collector is
set (`opening`).
"""
