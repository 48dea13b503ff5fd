"""Signing in with a name and a password: cookies, CSRF, roles, lockout, the audit, Redis away."""

import logging
from collections.abc import AsyncIterator, Callable
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import msgspec
import pytest
from aiohttp.hdrs import LOCATION
from hypothesis import given
from hypothesis import strategies as st

from tests.support.clock import FakeClock
from tests.support.servers import Server
from tests.support.service import Patient, assert_problem, serving
from tests.support.signin import (
    PASSWORDS,
    SIGN_IN,
    cookie_of,
    csrf_of,
    is_signed_in,
    make_accounts,
    origin_of,
    sign_in,
    write_accounts,
)
from waitless.app import Role as Process
from waitless.app import create_app
from waitless.keys import Role, make_key
from waitless.settings import Settings
from waitless.web.auth import choose_next

OFF, ACT = "/v1/operator/feeds/plymouth-page/off", {"why": "maintenance", "hours": 1}
KEY, ADMIN_KEY = make_key("night-desk", Role.OPERATOR), make_key("root", Role.ADMIN)


@pytest.fixture
def wanted(redis_url: str, plymouth_pack: Path, tmp_path: Path) -> Settings:
    keys = tmp_path / "keys.toml"
    keys.write_text(KEY[1] + ADMIN_KEY[1])
    return Settings(
        area=str(plymouth_pack),
        redis_url=redis_url,
        accounts_file=write_accounts(tmp_path),
        keys_file=keys,
    )


@pytest.fixture
async def desk(wanted: Settings, clock: FakeClock) -> AsyncIterator[Patient]:
    async with serving(create_app(wanted, Process.INGEST, now=clock)) as client:
        yield client


async def audit_of(client: Patient) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {ADMIN_KEY[0]}"}
    response = await client.get("/v1/operator/audit", headers=headers)
    entries: list[dict[str, Any]] = (await response.json())["entries"]
    return entries


def forget_cookies(client: Patient) -> None:
    client.session.cookie_jar.clear()


async def test_who_signs_in_comes_to_the_page_that_was_wanted(desk: Patient) -> None:
    asked = await desk.get("/operator/sessions?x=1", allow_redirects=False)
    assert asked.status == 303
    assert asked.headers[LOCATION] == SIGN_IN + "?next=%2Foperator%2Fsessions%3Fx%3D1"
    form = await (await desk.get(asked.headers[LOCATION])).text()
    assert 'name="next" value="/operator/sessions?x=1"' in form

    done = await sign_in(desk, "otto", next="/operator/sessions?x=1")

    assert (done.status, done.headers[LOCATION]) == (303, "/operator/sessions?x=1")
    text = await (await desk.get(done.headers[LOCATION])).text()
    assert "You are <strong>otto</strong>, with the role operator" in text


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/operator",
        "//evil.example/operator",
        "/\\evil.example",
        "/operator//evil.example/..",
        "/operator/../v1/feeds",
        "/operator\r\nSet-Cookie: a=b",
        "javascript:alert(1)//operator",
        "http:/operator/x",
        "/operator/sign-in",
        "/operatorial",
        "operator/held",
        "/operator/é",
        "//[",
        "",
    ],
)
async def test_nobody_s_link_leads_away_after_signing_in(desk: Patient, link: str) -> None:
    done = await sign_in(desk, "vera", next=link)

    assert (done.status, done.headers[LOCATION]) == (303, "/operator")


PIECES = st.sampled_from(
    [
        "/operator",
        "/",
        "//",
        "\\",
        "..",
        ".",
        "evil.example",
        "@",
        ":",
        "?",
        "#",
        "%2f",
        "http:",
        " ",
    ]
)


@given(st.lists(PIECES, max_size=6).map("".join) | st.text(max_size=30))
def test_wherever_a_link_leads_it_is_an_operators_page_of_ours(link: str) -> None:
    came_to = urljoin("https://waitless.example/operator/sign-in", choose_next(link))

    assert came_to.startswith("https://waitless.example/operator")
    assert urlsplit(came_to).netloc == "waitless.example"


async def test_who_was_signed_out_meanwhile_does_not_come_back_to_an_act(desk: Patient) -> None:
    response = await desk.post("/operator/sign-out", data={}, allow_redirects=False)

    assert response.status == 303
    assert response.headers[LOCATION] == SIGN_IN + "?next=%2Foperator"


async def test_the_cookie_is_for_this_host_and_https_alone(desk: Patient) -> None:
    headers = {"Host": "waitless.example", "Origin": "https://waitless.example"}
    form = {"name": "vera", "password": PASSWORDS["vera"]}
    done = await desk.post(SIGN_IN, data=form, headers=headers, allow_redirects=False)

    assert done.status == 303
    [morsel] = SimpleCookie(cookie_of(done)).values()
    assert morsel.key == "__Host-waitless"
    assert (morsel["secure"], morsel["httponly"], morsel["samesite"]) == (True, True, "Lax")
    assert (morsel["path"], morsel["domain"], morsel["max-age"]) == ("/", "", "")
    assert len(morsel.value) == 43


async def test_over_plain_http_on_this_machine_the_cookie_has_another_name(desk: Patient) -> None:
    cookie = cookie_of(await sign_in(desk, "vera"))

    assert cookie.startswith("waitless-local=")
    assert "Secure" not in cookie
    assert "HttpOnly" in cookie
    # There alone: a page of another host on plain http must not be able to plant it.
    elsewhere = await desk.get(
        "/operator/sessions",
        headers={"Host": "waitless.example", "Cookie": cookie.partition(";")[0]},
        allow_redirects=False,
    )
    assert elsewhere.status == 303


@pytest.mark.parametrize(
    ("name", "password"), [("otto", "wrong"), ("nobody", "wrong"), ("", ""), ("otto", "x" * 5000)]
)
async def test_a_wrong_password_and_an_unknown_name_are_told_alike(
    desk: Patient, name: str, password: str
) -> None:
    refused = await sign_in(desk, name, password)

    assert refused.status == 403
    assert "That name and password do not belong together." in await refused.text()
    assert "Set-Cookie" not in refused.headers
    assert not await is_signed_in(desk)
    [entry] = await audit_of(desk)
    assert entry["action"] == "sign_in_failed"
    assert (entry["who"], entry["why"]) == (
        "otto" if name == "otto" else "unknown", "wrong_password"
    )  # fmt: skip


async def test_a_name_is_shown_again_escaped(desk: Patient) -> None:
    text = await (await sign_in(desk, '"><script>x', "wrong")).text()

    assert "<script>x" not in text
    assert "&gt;&lt;script&gt;x" in text


async def test_after_five_failures_even_the_right_password_waits_and_is_told_how_long(
    desk: Patient, clock: FakeClock
) -> None:
    for _ in range(5):
        last = await sign_in(desk, "otto", "wrong")
    assert "Try again in 30 seconds" in await last.text()

    locked = await sign_in(desk, "otto")
    assert (locked.status, locked.headers["Retry-After"]) == (429, "30")
    assert "too many failures" in await locked.text()
    assert (await sign_in(desk, "vera")).status == 303, "others of that address are let in"

    clock.move(seconds=30)
    assert (await sign_in(desk, "otto")).status == 303
    lockouts = [one for one in await audit_of(desk) if one["action"] == "lock_out"]
    assert [(one["who"], one["what"]) for one in lockouts] == [("otto", "account")]
    assert lockouts[0]["until"] == "2026-11-23T10:00:30Z"


async def test_signing_in_gives_a_new_session_and_ends_the_old(desk: Patient) -> None:
    old = cookie_of(await sign_in(desk, "otto")).partition(";")[0]

    new = cookie_of(await sign_in(desk, "otto")).partition(";")[0]

    assert new != old
    forget_cookies(desk)
    for cookie, status in ((old, 303), (new, 200)):
        page = await desk.get(
            "/operator/sessions", headers={"Cookie": cookie}, allow_redirects=False
        )
        assert page.status == status


async def test_a_planted_cookie_is_not_taken_over(desk: Patient) -> None:
    planted = "A" * 43
    done = await desk.post(
        SIGN_IN,
        data={"name": "vera", "password": PASSWORDS["vera"]},
        headers={**origin_of(desk), "Cookie": f"waitless-local={planted}"},
        allow_redirects=False,
    )

    assert planted not in cookie_of(done)


async def test_signing_out_ends_the_session_and_not_just_the_cookie(desk: Patient) -> None:
    cookie = cookie_of(await sign_in(desk, "otto")).partition(";")[0]
    form = {"csrf": await csrf_of(desk)}

    done = await desk.post("/operator/sign-out", data=form, headers=origin_of(desk))

    assert "You are signed out" in await done.text()
    assert "Max-Age=0" in cookie_of(done)
    page = await desk.get("/operator/sessions", headers={"Cookie": cookie}, allow_redirects=False)
    assert page.status == 303
    assert [one["action"] for one in await audit_of(desk)] == ["sign_out", "sign_in"]


async def test_signing_out_everywhere_ends_every_session_of_that_person(
    desk: Patient,
) -> None:
    await sign_in(desk, "otto")
    cookie = cookie_of(await sign_in_elsewhere(desk, "otto"))
    other = cookie_of(await sign_in_elsewhere(desk, "vera"))
    form = {"csrf": await csrf_of(desk), "everywhere": "1"}

    await desk.post("/operator/sign-out", data=form, headers=origin_of(desk))

    for one, status in ((cookie, 303), (other, 200)):
        headers = {"Cookie": one.partition(";")[0]}
        page = await desk.get("/operator/sessions", headers=headers, allow_redirects=False)
        assert page.status == status


async def sign_in_elsewhere(client: Patient, name: str) -> Any:
    """From another browser: with no cookie of this one's, and leaving none in it."""
    kept = list(client.session.cookie_jar)
    forget_cookies(client)
    done = await sign_in(client, name)
    forget_cookies(client)
    for morsel in kept:
        client.session.cookie_jar.update_cookies({morsel.key: morsel.value}, client.make_url("/"))
    return done


async def test_an_admin_sees_everybody_and_ends_a_session(desk: Patient) -> None:
    cookie = cookie_of(await sign_in_elsewhere(desk, "otto"))
    await sign_in(desk, "ada")
    page = await (await desk.get("/operator/sessions")).text()
    assert "the session of otto" in page
    row = next(one for one in page.split("<tr") if "the session of otto" in one)
    name = row.partition('name="session" value="')[2].partition('"')[0]

    form = {"csrf": await csrf_of(desk), "session": name}
    done = await desk.post("/operator/sessions/end", data=form, headers=origin_of(desk))

    assert done.status == 200
    forget_cookies(desk)
    page_of_otto = await desk.get(
        "/operator/sessions",
        headers={"Cookie": cookie.partition(";")[0]},
        allow_redirects=False,
    )
    assert page_of_otto.status == 303
    [entry] = [one for one in await audit_of(desk) if one["action"] == "end_session"]
    assert (entry["who"], entry["why"], entry["how"]) == ("ada", "of otto", "account")


async def test_others_see_their_own_sessions_and_end_nobody_s(desk: Patient) -> None:
    await sign_in_elsewhere(desk, "ada")
    await sign_in(desk, "otto")
    page = await (await desk.get("/operator/sessions")).text()
    assert "ada" not in page

    form = {"csrf": await csrf_of(desk), "session": "x"}
    refused = await desk.post("/operator/sessions/end", data=form, headers=origin_of(desk))

    assert refused.status == 403
    assert "That role is not enough for this" in await refused.text()


async def test_a_session_does_what_its_role_may_by_the_routes_that_keys_use(desk: Patient) -> None:
    for name, seen, acted in (("vera", 200, 403), ("otto", 200, 200), ("ada", 200, 200)):
        await sign_in(desk, name)
        headers = {**origin_of(desk), "X-CSRF-Token": await csrf_of(desk)}

        assert (await desk.get("/v1/operator/held")).status == seen
        assert (await desk.post(OFF, json=ACT, headers=headers)).status == acted

    acts = [one for one in await audit_of(desk) if one["action"] == "switch_off"]
    assert [(one["who"], one["how"]) for one in acts] == [("ada", "account"), ("otto", "account")]


async def test_sign_ins_are_in_the_audit_of_admins_alone(desk: Patient) -> None:
    await sign_in(desk, "otto")
    seen = await (await desk.get("/v1/operator/audit")).json()
    assert seen["entries"] == []

    await sign_in(desk, "ada")
    seen = await (await desk.get("/v1/operator/audit")).json()
    assert {(one["who"], one["action"]) for one in seen["entries"]} == {
        ("otto", "sign_in"), ("ada", "sign_in"),
    }  # fmt: skip
    assert "127.0.0.1" not in str(seen)


Forge = Callable[[str, str], dict[str, str]]
FORGED: dict[str, Forge] = {
    "no token": lambda origin, _: {"Origin": origin},
    "another's token": lambda origin, token: {"Origin": origin, "X-CSRF-Token": token[::-1]},
    "neither origin nor site": lambda _, token: {"X-CSRF-Token": token},
    "another origin": lambda _, token: {"Origin": "https://evil.example", "X-CSRF-Token": token},
    "another port": lambda origin, token: {"Origin": origin[:-1], "X-CSRF-Token": token},
    "an origin that is hidden": lambda _, token: {"Origin": "null", "X-CSRF-Token": token},
    "another site, by the browser's word": lambda origin, token: {
        "Origin": origin, "Sec-Fetch-Site": "cross-site", "X-CSRF-Token": token,
    },
    "a neighbouring host": lambda origin, token: {
        "Origin": origin, "Sec-Fetch-Site": "same-site", "X-CSRF-Token": token,
    },
}  # fmt: skip


@pytest.mark.parametrize("what", FORGED)
async def test_a_session_s_act_that_came_from_elsewhere_is_refused(
    desk: Patient, what: str
) -> None:
    await sign_in(desk, "otto")
    headers = FORGED[what](origin_of(desk)["Origin"], await csrf_of(desk))

    await assert_problem(await desk.post(OFF, json=ACT, headers=headers), 403, "cross_site")

    # The pages' own forms likewise.
    form = {"csrf": headers.pop("X-CSRF-Token", "")}
    refused = await desk.post("/operator/sign-out", data=form, headers=headers)
    assert refused.status == 403
    assert await is_signed_in(desk)


async def test_nobody_is_signed_in_by_another_site_s_form(desk: Patient) -> None:
    form = {"name": "vera", "password": PASSWORDS["vera"]}
    for headers in ({"Origin": "https://evil.example"}, {}, {"Sec-Fetch-Site": "cross-site"}):
        refused = await desk.post(SIGN_IN, data=form, headers=headers)
        assert refused.status == 403
    assert not await is_signed_in(desk)


async def test_a_key_needs_no_token_and_decides_alone(desk: Patient) -> None:
    headers = {"Authorization": f"Bearer {KEY[0]}"}
    assert (await desk.post(OFF, json=ACT, headers=headers)).status == 200

    await sign_in(desk, "ada")
    wrong = {"Authorization": "Bearer nobody's"}
    await assert_problem(await desk.get("/v1/operator/held", headers=wrong), 401, "unauthenticated")


async def test_idle_for_an_hour_is_signed_out(desk: Patient, clock: FakeClock) -> None:
    await sign_in(desk, "otto")
    clock.move(minutes=59)
    assert await is_signed_in(desk)
    clock.move(minutes=60)
    assert not await is_signed_in(desk)
    await assert_problem(await desk.get("/v1/operator/held"), 401, "unauthenticated")


async def test_another_process_knows_who_is_signed_in_and_a_new_password_ends_it(
    desk: Patient, wanted: Settings, clock: FakeClock, tmp_path: Path
) -> None:
    cookie = cookie_of(await sign_in(desk, "otto")).partition(";")[0]
    await desk.close()  # the standby takes over

    async def status() -> int:
        async with serving(create_app(wanted, Process.INGEST, now=clock)) as client:
            page = await client.get(
                "/operator/sessions", headers={"Cookie": cookie}, allow_redirects=False
            )
            return page.status

    assert await status() == 200
    (tmp_path / "accounts.toml").write_text(make_accounts())  # the same passwords, newly salted
    assert await status() == 303


@pytest.mark.parametrize("path", [SIGN_IN, "/operator/sessions", SIGN_IN + "/openid"])
async def test_no_page_is_kept_framed_or_told_to_others(desk: Patient, path: str) -> None:
    for name in (None, "ada"):
        if name is not None:
            await sign_in(desk, name)
        response = await desk.get(path, allow_redirects=False)

        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Referrer-Policy"] == "same-origin"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        policy = response.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self'" in policy


async def test_nothing_secret_is_logged(desk: Patient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    cookie = cookie_of(await sign_in(desk, "otto")).partition(";")[0].partition("=")[2]
    await sign_in(desk, "vera", "not her password")
    token = await csrf_of(desk)

    for secret in (PASSWORDS["otto"], "not her password", cookie, token):
        assert secret not in caplog.text


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"x" * 9000, "application/x-www-form-urlencoded", 413),
        (b"\xff\xfe", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a=1" for _ in range(50)), "application/x-www-form-urlencoded", 400),
        (b"name=otto", "application/x-www-form-urlencoded", 403),
    ],
)
async def test_a_form_that_is_none_is_refused_on_a_page(
    desk: Patient, body: bytes, kind: str, status: int
) -> None:
    headers = {**origin_of(desk), "Content-Type": kind}
    response = await desk.post(SIGN_IN, data=body, headers=headers)

    assert response.status == status
    assert response.content_type == "text/html"


async def test_without_redis_nobody_is_signed_in_and_a_page_says_why(
    own_redis: Server, wanted: Settings, clock: FakeClock
) -> None:
    settings = msgspec.structs.replace(wanted, redis_url=f"redis://127.0.0.1:{own_redis.port}/0")
    async with serving(create_app(settings, Process.INGEST, now=clock)) as client:
        await sign_in(client, "otto")
        headers = {**origin_of(client), "X-CSRF-Token": await csrf_of(client)}
        own_redis.kill()

        page = await client.get("/operator/sessions", allow_redirects=False)
        assert (page.status, page.content_type) == (503, "text/html")
        assert "Until it is back nobody is signed in" in await page.text()
        again = await sign_in(client, "otto")
        assert again.status == 503
        assert "Nobody can sign in just now" in await again.text()
        await assert_problem(await client.get("/v1/operator/held"), 503, "store_away")
        await assert_problem(await client.post(OFF, json=ACT, headers=headers), 503, "store_away")

        own_redis.start()
        assert await is_signed_in(client), "the session was kept"


async def test_where_nothing_is_set_up_the_page_says_so(
    redis_url: str, plymouth_pack: Path, clock: FakeClock
) -> None:
    settings = Settings(area=str(plymouth_pack), redis_url=redis_url)
    async with serving(create_app(settings, Process.INGEST, now=clock)) as client:
        page = await client.get(SIGN_IN)
        assert page.status == 200
        assert "Nobody can sign in with a browser here" in await page.text()
        assert (await sign_in(client, "otto")).status == 404
        assert (await client.get(SIGN_IN + "/openid")).status == 404
