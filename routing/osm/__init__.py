"""An OpenStreetMap extract in, a road file out.

    read_extract -> split_ways -> expand_turns -> keep_connected -> Roads (routing.roadarrays)

* `extract` is the only module that knows pyosmium: ways, turn restrictions and the nodes that
  matter, each with the tags that matter.
* `access`, `speeds` and `paces` are tables and pure functions over tags: who may use a way in
  which direction, and how fast a car, a walker or a cyclist usually is.
* `split` cuts ways into directed edges between junctions; `junctions` tells what a car or a
  cyclist loses there; `turns` copies junctions where a turn is forbidden; `connect` keeps what is
  connected; `barriers` draws what nobody crosses; `build` composes them and counts what was kept,
  what was dropped and why.

The tables and their sources are laid out in docs/roads.md.
"""

from routing.osm.build import STAGES, build_roads
from routing.osm.extract import ExtractFault

__all__ = ["STAGES", "ExtractFault", "build_roads"]
