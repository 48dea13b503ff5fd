"""The traffic source of simulated worlds: taken in by a service that says it is a simulation."""

from dataclasses import replace

from feeds.traffic.definition import MqttTraffic, TrafficDefinition
from waitless.area.pack import Area
from waitless.traffic.links import LinkTable

SOURCE = TrafficDefinition(
    id="simulated",
    title="Invented traffic",
    format="json",
    cadence_s=60.0,
    transport=MqttTraffic(),
    valid_s=300.0,
)
"""Its links are our own junctions' names, `a>b`."""


def with_simulated_traffic(area: Area) -> Area:
    """The same area, listening to that source as well."""
    return replace(
        area,
        traffic=(*area.traffic, SOURCE),
        links={**area.links, SOURCE.id: LinkTable({}, area.roads)},
    )
