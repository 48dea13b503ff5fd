"""Files that operators load, made by somebody who means harm."""

import ast
import bz2
import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from feeds.definition import DefinitionFault, load_definition
from feeds.timetable.definition import load_trip_updates_definition
from feeds.traffic.definition import load_traffic_definition
from routing.osm import build_roads
from routing.osm.extract import ExtractFault
from routing.transit.gtfs import read_gtfs
from routing.transit.reports import GtfsFault
from tests.support.gtfs import small_feed, write_feed
from tests.support.osm import square
from waitless.area.pack import AreaFault, load_area
from waitless.keys import KeyRing, KeysFault
from waitless.settings import CONFIG, SettingsFault, load_settings
from waitless.signin.accounts import Accounts
from waitless.traffic.profile import load_profile

ROOT = Path(__file__).parents[2]
BOMB = '<!DOCTYPE osm [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]>'
EXTERNAL = '<!DOCTYPE osm [<!ENTITY c SYSTEM "file:///etc/passwd">]>'
RUNS_WHAT_IT_READS = {
    "pickle", "cPickle", "marshal", "shelve", "dill", "joblib", "yaml", "cloudpickle",
}  # fmt: skip


@pytest.mark.parametrize("kind", [BOMB, EXTERNAL])
@pytest.mark.parametrize("packed", [".osm", ".osm.gz", ".osm.bz2"])
def test_an_extract_with_entities_is_refused(tmp_path: Path, kind: str, packed: str) -> None:
    text = square().write(tmp_path / "town.osm").read_text()
    start = '<osm version="0.6">'
    spoilt = text.replace(start, kind + start).replace("residential", "&c;").encode()
    pack = {".osm": bytes, ".osm.gz": gzip.compress, ".osm.bz2": bz2.compress}[packed]
    path = tmp_path / f"spoilt{packed}"
    path.write_bytes(pack(spoilt))

    with pytest.raises(ExtractFault, match="XML entities are not supported"):
        build_roads(path)


@pytest.mark.parametrize("name", ["../stops.txt", "/etc/stops.txt", "stops.txt/../../stops.txt"])
def test_a_table_s_path_leads_nowhere(tmp_path: Path, name: str) -> None:
    outside = tmp_path / "stops.txt"
    outside.write_text("untouched")
    folder = tmp_path / "in" / "there"
    folder.mkdir(parents=True)
    tables = small_feed()
    tables[name] = tables.pop("stops.txt")

    with pytest.raises(GtfsFault, match=r"stops\.txt"):
        read_gtfs(write_feed(tables, folder / "feed.zip"))

    assert outside.read_text() == "untouched"
    assert [one.name for one in folder.iterdir()] == ["feed.zip"]


def test_nothing_that_is_read_can_be_code() -> None:
    for package in ("feeds", "routing", "waitless"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.Import(names=names):
                        assert not {one.name for one in names} & RUNS_WHAT_IT_READS, path
                    case ast.ImportFrom(module=module):
                        assert module not in RUNS_WHAT_IT_READS, path
                    case ast.Call(func=ast.Name(id=name)):
                        assert name not in {"eval", "exec", "__import__"}, path
                    case ast.Call(func=ast.Attribute(attr="load"), keywords=keywords):
                        assert "allow_pickle" not in {one.arg for one in keywords}, path
                    case _:
                        pass


def _pack(path: Path) -> object:
    return load_area(path.parent)


def _settings(path: Path) -> object:
    return load_settings({CONFIG: str(path)})


TOML_FILES: dict[str, tuple[Callable[[Path], object], type[Exception]]] = {
    "area.toml": (_pack, AreaFault),
    "definition.toml": (load_definition, DefinitionFault),
    "traffic.toml": (load_traffic_definition, DefinitionFault),
    "trip_updates.toml": (load_trip_updates_definition, DefinitionFault),
    "profile.toml": (load_profile, ValueError),
    "keys.toml": (KeyRing.load, KeysFault),
    "accounts.toml": (Accounts.load, SettingsFault),
    "settings.toml": (_settings, SettingsFault),
}


@pytest.mark.parametrize("name", TOML_FILES)
@pytest.mark.parametrize(
    "text",
    ["a = " + "1" * 5_000, "a = " + "[" * 30_000, "a = " + "{b=" * 30_000, "[" * 30_000, "\x00"],
    ids=["digits", "lists", "tables", "headings", "no text"],
)
def test_an_absurd_toml_file_is_refused_by_name(tmp_path: Path, name: str, text: str) -> None:
    load, fault = TOML_FILES[name]
    path = tmp_path / name
    path.write_text(text)

    with pytest.raises(fault):
        load(path)
