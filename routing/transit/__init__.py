"""Timetables in, journeys by bus and train out: from anywhere in an area to every facility.

    read_gtfs -> Gtfs -> lay_out_day(date) -> Timetable -> build_profiles -> Profiles.look_up

* `Gtfs` is what a feed says and what of it was refused, with its names and lines (`reports`).
* `Timetable` is one day's rides in the order of departure, as arrays, with the walks between stops.
* `Profiles` hold, for each facility and stop, every departure worth taking and when it arrives: a
  question is a look-up by time of departure, and nothing is searched when it is asked.

Times are whole seconds. Nothing here reads a clock, the network or a setting.
"""
