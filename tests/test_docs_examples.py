"""The documents' examples, run as they stand."""

import asyncio
import re
import sys
from pathlib import Path

from tests.support.servers import Server
from tests.support.service import eventually, get_json, serving
from waitless.app import create_app
from waitless.settings import Settings

FEEDS = (Path(__file__).parents[1] / "docs" / "feeds.md").read_text(encoding="utf-8")


async def test_the_publisher_of_twenty_lines_publishes(
    redis_url: str, mosquitto: Server, tmp_path: Path
) -> None:
    [program] = re.findall(r"```python\n(.*?)```", FEEDS, re.DOTALL)
    assert 'Client("127.0.0.1", 1883' in program
    file = tmp_path / "publisher.py"
    file.write_text(program.replace("1883", str(mosquitto.port)))
    settings = Settings(redis_url=redis_url, mqtt_url=f"mqtt://127.0.0.1:{mosquitto.port}")
    async with serving(create_app(settings)) as patient:
        publisher = await asyncio.create_subprocess_exec(sys.executable, file)

        async def shown() -> bool:
            feature = await get_json(patient, "/v1/facilities/deal-utc")
            reading = feature["properties"]["reading"]
            return reading is not None and reading["wait"]["minutes"] == 22

        await eventually(shown)
        publisher.kill()
        await publisher.wait()

        async def told_by_its_last_will() -> bool:
            feed = await get_json(patient, "/v1/feeds/kcht")
            return (feed["provider_status"], feed["state"]) == ("lost", "lost")

        await eventually(told_by_its_last_will)
    lines = [line for line in program.splitlines() if line.strip()]
    assert len(lines) <= 22
