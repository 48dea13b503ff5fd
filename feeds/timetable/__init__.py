"""How a timetable runs now: bytes of GTFS-realtime to what a feed says of each trip."""
