"""Roads in, travel times out: from anywhere in an area to every facility.

What comes in: a road file that people edit (`roads.load_roads`) or any `networkx.DiGraph` with the
same attributes, and the places to reach. What goes out: a `reach.ReachTable` per mode, which
answers "how long, and how far, from this point to each facility" in some tens of microseconds.

    read_roads -> Roads -> compile(mode) -> Network -> build_reach -> ReachTable.travel_from
    Network.conditions (times of one moment) -> reach.renew -> the next ReachTable

* `Roads` is the one array form of every source. The DiGraph (`load_roads`, `Roads.to_graph`) is the
  model one opens, inspects and edits: remove an edge to close a road, raise its `travel_time_s` to
  slow it, then `Roads.from_graph` and compile again. The compiled forms never change.
* No graph is searched when a question is asked: one reverse search per facility is made when the
  table is built.
* Nothing here reads a clock, the network or a setting, and nothing here knows of waits or feeds.
"""
