"""Signing in by OpenID Connect: against a provider from a package, and against crooked ones."""

import json
import logging
import re
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import ClientResponse, ClientSession, CookieJar
from aiohttp.hdrs import LOCATION
from aiohttp.test_utils import TestClient, TestServer
from joserfc import jwt
from joserfc.jwk import RSAKey
from yarl import URL

from tests.support.clock import FakeClock
from tests.support.oidc import Claims, CrookedProvider, start_provider
from tests.support.servers import Server, free_port
from tests.support.service import Patient
from tests.support.signin import csrf_of, is_signed_in, origin_of
from waitless.app import Role as Process
from waitless.app import create_app
from waitless.keys import Role, make_key
from waitless.settings import Settings
from waitless.signin.lockout import ADDRESS_MAY_FAIL

START = "/operator/sign-in/openid"
ADMIN_KEY = make_key("root", Role.ADMIN)
ROLES = "desk=operator,chiefs=admin,wall=viewer"


@pytest.fixture
async def service_at(
    redis_url: str, plymouth_pack: Path, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[Any]:
    """Starts the service with a provider."""
    clients: list[Patient] = []

    async def start(issuer: str, **more: object) -> Patient:
        port = free_port()
        keys, secret = tmp_path / "keys.toml", tmp_path / "secret"
        keys.write_text(ADMIN_KEY[1])
        secret.write_text(CrookedProvider.client_secret + "\n")
        settings = Settings(
            area=str(plymouth_pack),
            redis_url=redis_url,
            keys_file=keys,
            public_url=f"http://127.0.0.1:{port}",
            oidc_issuer=issuer,
            oidc_client_id=CrookedProvider.client_id,
            oidc_client_secret_file=secret,
            oidc_roles=ROLES,
            **more,
        )
        app = create_app(settings, Process.INGEST, now=clock)
        client: Patient = TestClient(TestServer(app, port=port))
        await client.start_server()
        clients.append(client)
        return client

    yield start
    for client in clients:
        await client.close()


@pytest.fixture
async def crooked(clock: FakeClock) -> AsyncIterator[CrookedProvider]:
    provider = CrookedProvider(lambda: clock().timestamp())
    await provider.server.start_server()
    yield provider
    await provider.server.close()


@pytest.fixture
async def service(service_at: Any, crooked: CrookedProvider) -> Patient:
    client: Patient = await service_at(crooked.issuer)
    return client


async def go_and_return(client: Patient, path: str = START) -> ClientResponse:
    """What the service says when the browser is back; the provider asks nothing."""
    return await client.get(await get_return(client, path), allow_redirects=False)


async def get_return(client: Patient, path: str = START) -> URL:
    """Where the provider sends the browser back to."""
    out = await client.get(path, allow_redirects=False)
    assert out.status == 303, await out.text()
    async with (
        ClientSession() as browser,
        browser.get(URL(out.headers[LOCATION], encoded=True), allow_redirects=False) as back,
    ):
        assert back.status == 302, await back.text()
        return URL(back.headers[LOCATION], encoded=True).relative()


async def audit_of(client: Patient) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {ADMIN_KEY[0]}"}
    response = await client.get("/v1/operator/audit", headers=headers)
    entries: list[dict[str, Any]] = (await response.json())["entries"]
    return entries


async def assert_refused(response: ClientResponse, status: int, why: str, client: Patient) -> None:
    assert response.status == status, await response.text()
    assert "You are not signed in" in await response.text()
    assert not await is_signed_in(client)
    assert (await audit_of(client))[0]["why"] == why


# A provider from a package, as a process of its own


@pytest.fixture
def packaged(tmp_path: Path) -> Iterator[Server]:
    server = start_provider(
        tmp_path,
        {"sub": "s-42", "preferred_username": "otto.k", "roles": ["desk", "choir"]},
        {"sub": "s-43", "preferred_username": "mallory", "roles": ["choir"]},
    )
    yield server
    server.stop()


async def sign_in_at(server: Server, client: Patient, subject: str, **more: str) -> ClientResponse:
    """Go out, choose somebody on the provider's own page, and come back."""
    out = await client.get(START + "?next=%2Foperator%2Fsessions%3Fy%3D2", allow_redirects=False)
    assert urlsplit(out.headers[LOCATION]).port == server.port
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as browser:
        url = URL(out.headers[LOCATION], encoded=True)
        async with browser.get(url) as page:
            assert page.status == 200
        form = {"sub": subject, **more}
        async with browser.post(url, data=form, allow_redirects=False) as back:
            assert back.status == 302, await back.text()
            return await client.get(
                URL(back.headers[LOCATION], encoded=True).relative(), allow_redirects=False
            )


async def test_somebody_signs_in_by_a_real_provider_acts_and_signs_out(
    service_at: Any, packaged: Server, clock: FakeClock
) -> None:

    clock.move(seconds=time.time() - clock().timestamp())  # the provider's clock is the real one
    client: Patient = await service_at(f"http://127.0.0.1:{packaged.port}")

    done = await sign_in_at(packaged, client, "s-42")

    assert (done.status, done.headers[LOCATION]) == (303, "/operator/sessions?y=2")
    page = await (await client.get("/operator/sessions")).text()
    assert "You are <strong>otto.k</strong>, with the role operator" in page
    csrf = await csrf_of(client)
    act = await client.post(
        "/v1/operator/feeds/plymouth-page/off",
        json={"why": "maintenance", "hours": 1},
        headers={**origin_of(client), "X-CSRF-Token": csrf},
    )
    assert act.status == 200
    out = await client.post("/operator/sign-out", data={"csrf": csrf}, headers=origin_of(client))
    found = re.search(r'href="([^"]+)" rel="noreferrer">Sign out there, too', await out.text())
    assert found is not None
    told = urlsplit(found[1].replace("&amp;", "&"))
    assert (told.port, told.path) == (packaged.port, "/oauth2/end_session")
    assert parse_qs(told.query)["post_logout_redirect_uri"] == [
        str(client.make_url("/operator/sign-in"))
    ]
    entries = await audit_of(client)
    assert [(one["action"], one["who"], one["how"]) for one in entries] == [
        ("sign_out", "otto.k", "openid"),
        ("switch_off", "otto.k", "openid"),
        ("sign_in", "otto.k", "openid"),
    ]
    assert entries[-1]["why"] == "as operator, subject s-42"


async def test_who_has_no_role_or_is_refused_by_a_real_provider_is_not_signed_in(
    service_at: Any, packaged: Server, clock: FakeClock
) -> None:

    clock.move(seconds=time.time() - clock().timestamp())
    client: Patient = await service_at(f"http://127.0.0.1:{packaged.port}")

    await assert_refused(await sign_in_at(packaged, client, "s-43"), 403, "no_role", client)
    denied = await sign_in_at(packaged, client, "s-42", action="deny")
    # Older versions of the package come back without the state that they were given.
    expected = (403, "provider_refused") if "state" in denied.url.query else (400, "stray_answer")
    await assert_refused(denied, *expected, client)


# A strict provider, and what it can do wrong


async def test_a_strict_provider_that_wants_pkce_and_the_secret_is_content(
    service: Patient,
) -> None:
    done = await go_and_return(service)

    assert done.status == 303, await done.text()
    assert await is_signed_in(service)


async def test_an_answer_with_another_state_is_refused(service: Patient) -> None:
    back = await get_return(service)

    response = await service.get(back.update_query(state="x" * 43), allow_redirects=False)

    await assert_refused(response, 400, "stray_answer", service)


async def test_an_answer_is_no_good_in_another_browser(service: Patient) -> None:
    """So that nobody can be made to work in a session of somebody else's."""
    back = await get_return(service)
    service.session.cookie_jar.clear()

    response = await service.get(back, allow_redirects=False)

    await assert_refused(response, 400, "stray_answer", service)


async def test_an_answer_is_good_once(service: Patient) -> None:
    back = await get_return(service)
    flow = {one.key: one.value for one in service.session.cookie_jar}
    assert (await service.get(back, allow_redirects=False)).status == 303
    service.session.cookie_jar.clear()

    again = await service.get(back, allow_redirects=False)
    await assert_refused(again, 400, "stray_answer", service)
    # Even where the browser kept what it was told to forget, the provider gives a code out once.
    service.session.cookie_jar.update_cookies(flow, service.make_url("/"))
    with_cookie = await service.get(back, allow_redirects=False)
    await assert_refused(with_cookie, 403, "provider_refused", service)


async def test_a_flood_of_stray_answers_drives_nothing_out_of_the_audit_and_locks_nobody_out(
    service: Patient,
) -> None:
    for _ in range(3 * ADDRESS_MAY_FAIL):
        stray = await service.get(f"{START}/return", allow_redirects=False)
        assert stray.status == 400

    assert len(await audit_of(service)) == ADDRESS_MAY_FAIL
    assert (await go_and_return(service)).status == 303
    assert (await audit_of(service))[0]["action"] == "sign_in"


async def test_a_code_of_another_browser_s_sign_in_is_no_good(service: Patient) -> None:
    stolen = (await get_return(service)).query["code"]
    service.session.cookie_jar.clear()
    back = await get_return(service)

    response = await service.get(back.update_query(code=stolen), allow_redirects=False)

    await assert_refused(response, 403, "provider_refused", service)


async def test_an_answer_of_another_issuer_is_refused(
    service: Patient, crooked: CrookedProvider
) -> None:
    crooked.answer = {"iss": "https://evil.example"}

    await assert_refused(await go_and_return(service), 400, "stray_answer", service)


def none(_: dict[str, str], claims: Claims) -> str:

    parts = ({"alg": "none"}, claims)
    return (
        ".".join(urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in parts)
        + "."
    )


BAD: dict[str, dict[str, Any]] = {
    "nonce": {"nonce": "n" * 43},
    "issuer": {"iss": "https://evil.example"},
    "audience": {"aud": "another"},
    "end": {"exp": 1},
    "beginning": {"iat": 9_999_999_999},
}


@pytest.mark.parametrize("what", BAD)
async def test_a_token_with_a_wrong_claim_is_refused(
    service: Patient, crooked: CrookedProvider, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    crooked.twist = lambda header, claims: crooked.sign(header, claims | BAD[what])

    await assert_refused(await go_and_return(service), 403, "bad_token", service)

    assert "evil.example" not in caplog.text, "nothing that was in a token is logged"
    assert "bad_token" in caplog.text


async def test_a_token_without_a_signature_is_refused(
    service: Patient, crooked: CrookedProvider
) -> None:
    crooked.twist = none

    await assert_refused(await go_and_return(service), 403, "bad_token", service)


async def test_a_token_by_a_key_that_is_not_the_provider_s_is_refused_and_asked_for_once(
    service: Patient, crooked: CrookedProvider, clock: FakeClock
) -> None:
    stranger = RSAKey.generate_key(2048, {"kid": "stranger"})
    crooked.twist = lambda _, claims: jwt.encode(
        {"alg": "RS256", "kid": "stranger"}, claims, stranger
    )

    for _ in range(3):
        await assert_refused(await go_and_return(service), 403, "bad_token", service)
    assert crooked.keys_asked == 1, "they had just been fetched"

    clock.move(seconds=31)
    for _ in range(3):
        await assert_refused(await go_and_return(service), 403, "bad_token", service)
    assert crooked.keys_asked == 2


async def test_new_keys_of_the_provider_are_found(
    service: Patient, crooked: CrookedProvider, clock: FakeClock
) -> None:
    assert (await go_and_return(service)).status == 303
    crooked.rotate()
    clock.move(minutes=5)

    assert (await go_and_return(service)).status == 303


async def test_a_key_that_was_withdrawn_is_forgotten_within_the_hour(
    service: Patient, crooked: CrookedProvider, clock: FakeClock
) -> None:
    assert (await go_and_return(service)).status == 303
    stolen = crooked.key
    crooked.rotate()
    crooked.twist = lambda _, claims: jwt.encode(
        {"alg": "RS256", "kid": str(stolen.kid)}, claims, stolen
    )
    clock.move(minutes=61)

    await assert_refused(await go_and_return(service), 403, "bad_token", service)


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"token_endpoint": None},
        {"end_session_endpoint": "javascript:alert(1)"},
    ],
)
async def test_metadata_that_cannot_be_trusted_is_not_followed(
    service: Patient, crooked: CrookedProvider, metadata: Claims
) -> None:
    crooked.metadata = metadata

    response = await service.get(START, allow_redirects=False)

    assert response.status == 502
    assert "cannot be reached" in await response.text()


async def test_a_provider_that_is_away_is_told_and_found_again(
    service: Patient, crooked: CrookedProvider
) -> None:
    crooked.away = True
    response = await service.get(START, allow_redirects=False)
    assert response.status == 502
    assert LOCATION not in response.headers

    crooked.away = False
    assert (await go_and_return(service)).status == 303


async def test_a_session_ends_when_settings_name_another_provider(
    service: Patient, service_at: Any
) -> None:
    assert (await go_and_return(service)).status == 303
    [cookie] = [one for one in service.session.cookie_jar if one.key == "waitless-local"]
    await service.close()
    other: Patient = await service_at("https://elsewhere.example")

    headers = {"Cookie": f"{cookie.key}={cookie.value}"}
    page = await other.get("/operator/sessions", headers=headers, allow_redirects=False)

    assert page.status == 303


async def test_a_name_that_the_provider_gives_is_shown_escaped(
    service: Patient, crooked: CrookedProvider
) -> None:
    crooked.person |= {"preferred_username": "<b>anna</b>\n\u202e" + "x" * 500}
    await go_and_return(service)

    page = await (await service.get("/operator/sessions")).text()

    assert "<b>anna" not in page
    assert "x" * 200 not in page
    assert "\u202e" not in page
