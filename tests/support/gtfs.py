"""GTFS feeds made in a test."""

import io
import zipfile
from pathlib import Path

Tables = dict[str, str]
"""The text of each table by its name."""

WEEK = "monday,tuesday,wednesday,thursday,friday,saturday,sunday"


def small_feed() -> Tables:
    """Three stops in a row, 0.02 degrees of latitude (2.2 km) apart; every day one bus at 8:00 and
    one at 9:00 from the south."""
    return {
        "agency.txt": "agency_name,agency_url,agency_timezone\nA,https://a.example,Europe/London\n",
        "stops.txt": "stop_id,stop_name,stop_lat,stop_lon\n"
        "S,South,51.00,1.0\nM,Middle,51.02,1.0\nN,North,51.04,1.0\n",
        "routes.txt": "route_id,route_short_name,route_long_name,route_type\nr,15,,704\n",
        "trips.txt": "route_id,service_id,trip_id,trip_headsign\nr,w,t8,North\nr,w,t9,North\n",
        "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        "t8,08:00:00,08:00:00,S,1\nt8,08:05:00,08:06:00,M,2\nt8,08:12:00,08:12:00,N,9\n"
        "t9,09:00:00,09:00:00,S,1\nt9,09:05:00,09:06:00,M,2\nt9,09:12:00,09:12:00,N,9\n",
        "calendar.txt": f"service_id,{WEEK},start_date,end_date\n"
        "w,1,1,1,1,1,1,1,20260101,20261231\n",
    }


def pack(tables: Tables) -> bytes:
    """Return a feed as the bytes of a zip file."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in tables.items():
            file.writestr(name, text)
    return data.getvalue()


def write_feed(tables: Tables, path: Path) -> Path:
    """Write a feed as a zip file."""
    path.write_bytes(pack(tables))
    return path
