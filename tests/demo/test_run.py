"""`waitless demo`, as a newcomer meets it."""

import asyncio
import re
import signal
import sys
from asyncio.subprocess import PIPE

import aiohttp


async def test_a_newcomer_signs_in_with_what_the_demo_prints() -> None:
    demo = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "waitless", "demo", "--port", "0", stdout=PIPE
    )
    try:
        assert demo.stdout is not None
        told = (await asyncio.wait_for(demo.stdout.readuntil(b"Ctrl-C"), 60)).decode()
        found = re.search(r"(http://\S+)/operator   name (\S+), password (\S+)", told)
        assert found is not None
        address, name, password = found.groups()

        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as browser:
            form = {"name": name, "password": password, "next": "/operator"}
            response = await browser.post(
                f"{address}/operator/sign-in", data=form, headers={"Origin": address}
            )
            page = await response.text()

        assert response.url.path == "/operator"
        assert "Simulated data." in page
    finally:
        demo.send_signal(signal.SIGINT)
        await asyncio.wait_for(demo.wait(), 30)
