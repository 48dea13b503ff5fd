"""A road authority's DATEX II, polled, from its bytes to a patient's minutes."""

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support.clock import FakeClock
from tests.support.service import eventually, get_json, serving
from waitless.app import create_app
from waitless.area.pack import AreaFault, load_area
from waitless.settings import Settings

WHEN_RECORDED = datetime(2014, 8, 4, 13, 15, tzinfo=UTC)
LINK = "414141"
"""The link whose speed the sample tells."""

DEFINITION = """
id = "highways"
title = "Fused speeds"
format = "datex2"
cadence_s = 60.0
valid_s = 3600.0
links = "highways.csv"
transport = {{ kind = "http-poll", url = "http://127.0.0.1:{port}/fused.xml" }}
"""


def write_source(pack: Path, port: int, links: str) -> None:
    (pack / "traffic").mkdir()
    (pack / "traffic" / "highways.toml").write_text(DEFINITION.format(port=port))
    (pack / "traffic" / "highways.csv").write_text("link,junctions,length_m\n" + links)


def first_road(pack: Path) -> str:
    roads = load_area(pack).roads
    names = roads.name_junctions()
    return f"{names[int(roads.tails[0])]}>{names[int(roads.heads[0])]}"


@pytest.mark.parametrize("media_type", ["text/xml", "application/gzip"])
async def test_a_polled_speed_is_laid_on_the_links_road_and_others_are_counted(
    shared_data: Path, plymouth_pack: Path, redis_url: str, media_type: str
) -> None:
    payload = (
        shared_data
        / "traffic/national-highways-datex2/DeliverFusedFvdAndSensorTrafficDataRequest.xml"
    ).read_bytes()
    if media_type == "application/gzip":
        payload = gzip.compress(payload)

    async def fused(_: web.Request) -> web.Response:
        return web.Response(body=payload, content_type=media_type)

    authority = web.Application()
    authority.router.add_get("/fused.xml", fused)
    road = first_road(plymouth_pack)
    async with TestServer(authority) as server:
        assert server.port is not None
        write_source(plymouth_pack, server.port, f"{LINK},{road},\n")
        settings = Settings(area=str(plymouth_pack), redis_url=redis_url)
        async with serving(create_app(settings, now=FakeClock(WHEN_RECORDED))) as operator:

            async def figures() -> dict[str, Any]:
                feeds = (await get_json(operator, "/v1/feeds"))["feeds"]
                return next((one for one in feeds if one["id"] == "highways"), {})

            async def counted() -> bool:
                traffic = (await figures()).get("traffic") or {}
                return any(traffic.values())

            await eventually(counted)
            found = await figures()
    assert found["state"] in {"live", "late"}
    assert found["refused"] == {}
    assert found["traffic"]["live"] + found["traffic"]["implausible"] == 1


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (("datex2", "datex9"), "traffic: highways.toml"),
        (("highways.csv", "../links.csv"), "without a folder"),
        (("highways.csv", "none.csv"), "none.csv"),
        (('id = "highways"', 'id = "mqtt"'), "stands twice"),
        (('id = "highways"', 'id = "status"'), "taken"),
        (("valid_s = 3600.0", "valid_s = -1"), "valid_s"),
        (("valid_s = 3600.0", 'zone = "Europe/Kent"'), "no zone 'Europe/Kent'"),
        (('format = "datex2"', 'format = "json"\nzone = "Europe/London"'), "name their zone"),
        (("fused.xml", 'fused.xml", max_bytes = 67_108_865, timeout_s = 10.0 } #'), "max_bytes"),
        (("cadence_s = 60.0", "cadense_s = 60.0"), "cadense_s"),
    ],
)
def test_a_faulty_definition_is_named_with_its_file(
    plymouth_pack: Path, spoil: tuple[str, str], told: str
) -> None:
    write_source(plymouth_pack, 9, "")
    path = plymouth_pack / "traffic" / "highways.toml"
    path.write_text(path.read_text().replace(*spoil))
    with pytest.raises(AreaFault, match=told):
        load_area(plymouth_pack)


def test_a_countrys_document_may_be_of_64_mib(plymouth_pack: Path) -> None:
    write_source(plymouth_pack, 9, "")
    path = plymouth_pack / "traffic" / "highways.toml"
    path.write_text(path.read_text().replace(" }", ", max_bytes = 67_108_864 }"))

    [source] = load_area(plymouth_pack).traffic

    assert source.transport.max_bytes == 64 * 1024 * 1024


def test_a_link_that_no_road_is_is_named_with_its_line(plymouth_pack: Path) -> None:
    write_source(plymouth_pack, 9, "1,here>there,\n")
    with pytest.raises(AreaFault, match=r"highways\.csv line 2 junctions: no road from 'here'"):
        load_area(plymouth_pack)
