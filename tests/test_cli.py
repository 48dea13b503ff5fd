"""The command line, as a newcomer and an operator type it."""

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("waitless")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *arguments],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_check_says_that_the_shipped_area_is_valid() -> None:
    done = run("check")

    assert done.returncode == 0
    assert done.stdout.startswith("east-kent: 22 facilities")


def test_check_names_every_fault_of_a_pack_and_fails(plymouth_pack: Path) -> None:
    path = plymouth_pack / "facilities.toml"
    path.write_text(path.read_text().replace('kind = "miu"', 'kind = "mue"'))

    done = run("check", WAITLESS_AREA=str(plymouth_pack))

    assert done.returncode == 1
    assert "facilities.toml: facility 3 (tavistock-miu)" in done.stderr
    assert "Traceback" not in done.stderr


def test_check_refuses_a_facility_off_the_roads(plymouth_pack: Path) -> None:
    path = plymouth_pack / "facilities.toml"
    path.write_text(path.read_text().replace("lon = -4.15372", "lon = -3.7"))

    done = run("check", WAITLESS_AREA=str(plymouth_pack))

    assert done.returncode == 1
    assert "tavistock-miu" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"WAITLESS_PROT": "80"}, "WAITLESS_PROT"),
        ({"WAITLESS_PORT": "eighty"}, "port"),
        ({"WAITLESS_PORT": "70000"}, "port"),
        ({"WAITLESS_AREA": "west-kent"}, "west-kent"),
        ({"WAITLESS_MQTT_URL": "http://broker"}, "mqtt_url"),
        ({"WAITLESS_MQTT_URL": "mqtt://broker:many"}, "mqtt_url"),
        ({"WAITLESS_REDIS_URL": "http://redis"}, "redis_url"),
        ({"WAITLESS_REDIS_URL": "redis+sentinel://one:26379"}, "redis_url"),
        ({"WAITLESS_REDIS_PASSWORD_FILE": "missing"}, "redis_password_file"),
        ({"WAITLESS_TRUSTED_PROXIES": "nginx"}, "trusted_proxies"),
        ({"WAITLESS_RATE_LIMIT": "1e-9"}, "rate_limit"),
        ({"WAITLESS_CONFIG": "missing.toml"}, "missing.toml"),
        ({"WAITLESS_MOST_MINUTES": "nan"}, "most_minutes"),
        ({"WAITLESS_LOG_LEVEL": "LOUD"}, "log_level"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_name(
    environment: dict[str, str], says: str
) -> None:
    done = run("check", **environment)

    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_settings_come_from_a_file_and_the_environment_wins(tmp_path: Path) -> None:
    file = tmp_path / "waitless.toml"
    file.write_text('area = "nowhere"\nport = 9000\n')

    assert run("check", WAITLESS_CONFIG=str(file)).returncode == 1
    assert run("check", WAITLESS_CONFIG=str(file), WAITLESS_AREA="east-kent").returncode == 0
    file.write_text("prot = 9000\n")
    assert "prot" in run("check", WAITLESS_CONFIG=str(file)).stderr


def test_travel_times_of_a_file_of_origins_are_written_as_csv(tmp_path: Path) -> None:
    origins = tmp_path / "origins.csv"
    origins.write_text(
        "id,lat,lon,name\nhome,51.2230,1.4000,Deal\nwork,51.2790,1.0800,Canterbury\n"
    )

    done = run("roads", "times", str(origins), "--mode", "drive")

    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert done.returncode == 0
    assert list(rows[0]) == ["id", "facility_id", "minutes", "distance_m"]
    assert len(rows) == 2 * 22
    minutes = {(row["id"], row["facility_id"]): float(row["minutes"]) for row in rows}
    assert minutes["home", "deal-utc"] < minutes["home", "qeqm-ed"]
    assert minutes["work", "canterbury-utc"] < minutes["work", "deal-utc"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no column id, lat, lon"),
        ("id,lat\n1,51\n", "no column lon"),
        ("id,lat,lon\n1,51.2,1.1\n2,north,1\n", "origins.csv line 3"),
        ("id,lat,lon\n1,51.2\n", "origins.csv line 2"),
        ("id,lat,lon\n1,512,1.1\n", "origins.csv line 2"),
        ("id,lat,lon\n1,nan,1.1\n", "origins.csv line 2"),
    ],
)
def test_a_file_of_origins_that_is_none_is_refused_with_its_line(
    tmp_path: Path, text: str, says: str
) -> None:
    origins = tmp_path / "origins.csv"
    origins.write_text(text)

    done = run("roads", "times", str(origins))

    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_roads_are_built_from_an_extract_and_named_by_a_pack(
    shared_data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "newport.roads"

    done = run(
        "roads", "build", str(shared_data / "roads/newport-2023-06-13.osm.pbf"), "--out", str(out)
    )
    nothing = run("roads", "build", str(tmp_path / "none.osm.pbf"), "--out", str(out))

    assert done.returncode == 0, done.stderr
    assert "junctions" in done.stdout
    assert out.stat().st_size > 100_000
    assert nothing.returncode != 0
    assert "Traceback" not in nothing.stderr


def test_serving_with_settings_that_cannot_be_fails_at_once() -> None:
    done = run("serve", WAITLESS_AREA="west-kent")

    assert done.returncode == 1
    assert "west-kent" in done.stderr
