"""Rate limits over HTTP: who is a client, what an answer says, and who is never refused."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from ipaddress import ip_network
from pathlib import Path

import pytest

from tests.support.service import Patient, assert_problem, eventually, serving
from waitless.app import Role, create_app
from waitless.keys import KeyRing, make_key
from waitless.keys import Role as KeyRole
from waitless.limits import SYNC_S
from waitless.settings import Settings
from waitless.web.limits import Clients

ASK = "/v1/facilities/deal-utc"
MakeSettings = Callable[..., Settings]


async def statuses(patient: Patient, times: int, **headers: str) -> list[int]:
    return [
        (
            await patient.get(ASK, headers={k.replace("_", "-"): v for k, v in headers.items()})
        ).status
        for _ in range(times)
    ]


class TestAnswers:
    async def test_say_what_is_left_in_the_draft_s_form(self, settings: MakeSettings) -> None:
        app = create_app(settings(rate_limit=0.2, rate_burst=3), Role.API)
        async with serving(app) as patient:
            response = await patient.get(ASK)

        assert response.headers["RateLimit-Policy"] == '"default";q=3;w=15'
        assert response.headers["RateLimit"] == '"default";r=2;t=5'

    async def test_become_429_with_the_time_to_come_again(self, settings: MakeSettings) -> None:
        app = create_app(settings(rate_limit=0.2, rate_burst=3), Role.API)
        async with serving(app) as patient:
            assert await statuses(patient, 3) == [200, 200, 200]
            response = await patient.get(ASK)
            document = await assert_problem(response, 429, "too_many_requests")
            metrics = await (await patient.get("/metrics")).text()

        assert response.headers["Retry-After"] in {"4", "5"}
        assert response.headers["RateLimit"].startswith('"default";r=0;t=1')
        assert response.headers["X-Request-ID"]
        assert "again in" in document["detail"]
        assert "waitless_rate_limited_requests_total 1.0" in metrics
        assert 'route="/v1/facilities/{id}",status="429"} 1.0' in metrics

    async def test_carry_no_such_field_where_there_is_no_limit(
        self, settings: MakeSettings
    ) -> None:
        async with serving(create_app(settings(), Role.API)) as patient:
            response = await patient.get(ASK)

        assert not [name for name in response.headers if name.lower().startswith("ratelimit")]

    async def test_of_streams_say_it_too(self, settings: MakeSettings) -> None:
        app = create_app(settings(rate_limit=1, rate_burst=3), Role.API)
        async with serving(app) as patient, patient.get("/v1/events") as stream:
            assert "RateLimit" in stream.headers

    async def test_of_streams_are_no_more_at_a_time_than_a_client_may_ask_at_once(
        self, settings: MakeSettings
    ) -> None:
        """Else one client could hold every stream that a process has room for."""
        limited = settings(rate_limit=10_000, rate_burst=3, trusted_proxies="127.0.0.0/8")
        one, other = ({"X-Forwarded-For": f"2001:db8:{net}::1"} for net in (1, 2))
        async with serving(create_app(limited, Role.API)) as patient, AsyncExitStack() as held:
            for _ in range(3):
                stream = await held.enter_async_context(patient.get("/v1/events", headers=one))
                assert stream.status == 200
                await asyncio.sleep(0.01)  # the rate is another matter
            fourth = await patient.get("/v1/events", headers=one)
            await assert_problem(fourth, 503, "too_many_streams")
            async with patient.get("/v1/events", headers=other) as another:
                assert another.status == 200
            stream.close()

            async def again() -> bool:
                async with patient.get("/v1/events", headers=one) as later:
                    return later.status == 200

            await eventually(again)

    async def test_for_monitors_are_never_refused(self, settings: MakeSettings) -> None:
        app = create_app(settings(rate_limit=0.01, rate_burst=1), Role.API)
        async with serving(app) as patient:
            assert await statuses(patient, 2) == [200, 429]
            for path in ("/healthz", "/metrics"):
                response = await patient.get(path)
                assert response.status == 200
                assert "RateLimit" not in response.headers
            assert (await patient.get("/readyz")).status == 503  # there is no ingest

    async def test_go_on_while_redis_is_away(self) -> None:
        settings = Settings(redis_url="redis://127.0.0.1:9/0", rate_limit=0.01, rate_burst=2)
        async with serving(create_app(settings, Role.API)) as patient:
            assert await statuses(patient, 3) == [200, 200, 429]

            async def noticed() -> bool:
                metrics = await (await patient.get("/metrics")).text()
                return "waitless_rate_limits_shared 0.0" in metrics

            await eventually(noticed)


class TestClients:
    async def test_are_told_apart_by_the_address_that_a_trusted_proxy_names(
        self, settings: MakeSettings
    ) -> None:
        limited = settings(rate_limit=0.01, rate_burst=1, trusted_proxies="127.0.0.0/8")
        async with serving(create_app(limited, Role.API)) as patient:
            assert await statuses(patient, 2, X_Forwarded_For="192.0.2.1") == [200, 429]
            assert await statuses(patient, 2, X_Forwarded_For="192.0.2.2") == [200, 429]
            lie = "203.0.113.9, 192.0.2.1"
            assert await statuses(patient, 1, X_Forwarded_For=lie) == [429]

    async def test_are_not_believed_without_such_a_proxy(self, settings: MakeSettings) -> None:
        async with serving(
            create_app(settings(rate_limit=0.01, rate_burst=1), Role.API)
        ) as patient:
            assert await statuses(patient, 1, X_Forwarded_For="192.0.2.1") == [200]
            assert await statuses(patient, 1, X_Forwarded_For="192.0.2.2") == [429]

    async def test_with_a_key_are_known_by_its_name(
        self, settings: MakeSettings, tmp_path: Path
    ) -> None:
        key, lines = make_key("kcht", KeyRole.PROVIDER)
        keys = tmp_path / "keys.toml"
        keys.write_text(lines)
        limited = settings(rate_limit=0.01, rate_burst=1, keys_file=keys)
        async with serving(create_app(limited, Role.API)) as patient:
            assert await statuses(patient, 2) == [200, 429]
            assert await statuses(patient, 2, Authorization=f"Bearer {key}") == [200, 429]
            assert await statuses(patient, 1, Authorization="Bearer made-up") == [429]

    async def test_s_addresses_are_not_logged(
        self, settings: MakeSettings, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        limited = settings(rate_limit=0.01, rate_burst=1, trusted_proxies="127.0.0.1")
        async with serving(create_app(limited, Role.API)) as patient:
            await statuses(patient, 3, X_Forwarded_For="192.0.2.1")

        assert "429" in caplog.text
        assert "192.0.2.1" not in caplog.text

    @pytest.mark.parametrize(
        ("peer", "forwarded", "client"),
        [
            ("192.0.2.1", [], "192.0.2.1"),
            ("192.0.2.1", ["198.51.100.1"], "192.0.2.1"),
            ("10.0.0.1", [], "10.0.0.1"),
            ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", ["198.51.100.1, 10.0.0.2"], "198.51.100.1"),
            ("10.0.0.1", ["203.0.113.1", "198.51.100.1,10.0.0.2"], "198.51.100.1"),
            ("10.0.0.1", ["198.51.100.1, nonsense"], "10.0.0.1"),
            ("10.0.0.1", ["nonsense, 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", [""], "10.0.0.1"),
            ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
            ("fd00::1", ["2001:db8::5"], "2001:db8::5"),
        ],
    )
    def test_stand_at_the_last_address_that_is_not_ours(
        self, peer: str, forwarded: list[str], client: str
    ) -> None:
        trusted = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))

        assert Clients(trusted, KeyRing({})).address(peer, forwarded) == client


async def test_two_processes_share_a_limit(settings: MakeSettings) -> None:
    """Each may give a burst before it has heard of the other; then they know."""
    limited = settings(rate_limit=0.01, rate_burst=5)
    first, second = (create_app(limited, Role.API) for _ in range(2))
    async with serving(first) as one, serving(second) as other:
        assert await statuses(one, 5) == [200] * 5
        await asyncio.sleep(10 * SYNC_S)
        given = 0  # it hears of a client with its first request
        while await statuses(other, 1) == [200]:
            given += 1
            await asyncio.sleep(10 * SYNC_S)
        assert 1 <= given < 5, "it refuses before it has given its own five"
