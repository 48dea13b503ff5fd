"""What every answer says to browsers, and what nobody can make it say."""

import logging
import re
from collections.abc import Iterator
from itertools import product

import pytest
from aiohttp import web
from multidict import CIMultiDictProxy

from tests.security.conftest import send
from tests.support.service import Patient
from tests.support.signin import sign_in
from waitless.web.ready import SECURITY

FILLED = {"{id}": "deal-utc", "{name}": "patient.css", "{path}": "nothing"}
STREAM = "/v1/events"
TRAVERSALS = [
    "/static/../ready.py",
    "/static/..%2fready.py",
    "/static/%2e%2e/%2e%2e/settings.py",
    "/static/..%5c..%5csettings.py",
    "/static/%2fetc%2fpasswd",
    "/static//etc/passwd",
    "/static/....//ready.py",
    "/static/patient.css%00.png",
    "/static/%c0%ae%c0%ae%c0%afready.py",
    "/..%2f..%2fpyproject.toml",
    "/v1/facilities/..%2f..%2fkeys",
    "/v1/facilities/..%2f..%2fpyproject.toml/history",
    "/v1/feeds/%2e%2e%2f%2e%2e",
]
HOSTS = ["evil.example", "evil.example:80", "a@b", "[::1", "<script>"]
INJECTED = "%0d%0aSet-Cookie:%20a=b%0d%0a%0d%0a<script>"
TARGETS = [
    f"/v1/recommendations?place={INJECTED}",
    f"/?place={INJECTED}",
    f"/?lang={INJECTED}",
    f"/operator/sign-in?next=/operator{INJECTED}",
    f"/operator/sessions?next={INJECTED}",
    f"/v1/facilities/{INJECTED}",
    f"/static/{INJECTED}",
    f"/{INJECTED}",
]
IDS = [
    b"X-Request-ID: a\rSet-Cookie: a=b",
    b"X-Request-ID: a\nSet-Cookie: a=b",
    b"X-Request-ID: a\r\n\tSet-Cookie: a=b",
    b"X-Request-ID: a%0d%0aSet-Cookie: a=b",
    b"X-Request-ID: \xe5\x98\x8a\xe5\x98\x8dSet-Cookie: a=b",
    b"X-Request-ID: " + b"x" * 65,
    b"X-Request-ID: " + b"x" * 3_000,  # below what the fast path reads at once
    b"X-Request-ID: " + b"x" * 7_000,
    b"X-Request-ID: " + b"x" * 60_000,  # more than a header may have
    b"X-Request-ID:",
    b"X-Request-ID: a\x00b",
    b"X-Request-ID: %s%n",
    b"X-Request-ID: <script>",
    b"X-Request-ID: ok\r\nX-Request-ID: a b",
]


def list_asked(app: web.Application) -> Iterator[tuple[str, str]]:
    """Every route with every method that it may or may not be asked with."""
    for resource in app.router.resources():
        path = resource.canonical
        for name, value in FILLED.items():
            path = path.replace(name, value)
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
            if (method, path) != ("GET", STREAM):
                yield method, path


def check(headers: CIMultiDictProxy[str], where: object) -> None:
    for name, value in SECURITY.items():
        # A form of the operators' must be able to say which page it stood on: to us alone.
        allowed = [value, "same-origin"] if name == "Referrer-Policy" else [value]
        assert len(headers.getall(name)) == 1, (where, name)
        assert headers[name] in allowed, (where, name)
    assert headers.getall("X-Request-ID"), where
    assert "X-Powered-By" not in headers


async def test_every_answer_of_every_route_says_what_browsers_must_not_do(service: Patient) -> None:
    assert service.app is not None
    asked = [*list_asked(service.app), ("GET", "/?place=CT14&need=wound"), ("GET", "/?place=boom")]
    statuses = set()
    for method, path in asked:
        for query in ("", "?boom=1"):
            target = path + (query if "?" not in path else "")
            response = await service.request(method, target, allow_redirects=False)
            check(response.headers, (method, target))
            statuses.add(response.status)

    assert statuses >= {200, 303, 400, 401, 403, 404, 405, 415}
    async with service.get(STREAM) as stream:
        check(stream.headers, STREAM)


async def test_an_operator_s_pages_say_it_too(service: Patient) -> None:
    assert (await sign_in(service, "ada")).status == 303

    for path in ("/operator/sessions", "/operator/sign-in", "/v1/operator/held"):
        response = await service.get(path)
        assert response.status == 200, path
        check(response.headers, path)
        assert "no-store" in response.headers["Cache-Control"]


def test_the_policy_lets_nothing_in_from_elsewhere_and_nothing_inline() -> None:
    policy = SECURITY["Content-Security-Policy"]
    rules = {name: rest.split() for name, _, rest in (one.strip().partition(" ")
             for one in policy.split(";"))}  # fmt: skip

    assert rules.pop("default-src") == ["'none'"]
    assert rules.pop("frame-ancestors") == rules.pop("base-uri") == ["'none'"]
    assert rules.pop("img-src") == ["'self'", "data:"]
    assert all(allowed == ["'self'"] for allowed in rules.values())


async def test_no_page_has_anything_inline(service: Patient) -> None:
    assert (await sign_in(service, "ada")).status == 303
    for path in ("/", "/?place=CT14", "/docs", "/operator/sign-in", "/operator/sessions"):
        text = await (await service.get(path)).text()
        assert re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text) is None, path
        assert re.findall(r"<script(?![^>]*\ssrc=)[^>]*>", text) == [], path


async def test_no_path_leads_out_of_the_few_files_that_pages_load(service: Patient) -> None:
    for path in TRAVERSALS:
        answer = await send(service, f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode())

        assert answer.startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 400 ")), (path, answer[:200])
        assert b"root:" not in answer, path
        assert b"import " not in answer, path


async def test_nothing_in_an_address_becomes_a_header_or_a_script(service: Patient) -> None:
    for target in TARGETS:
        answer = await send(service, f"GET {target} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
        head, _, body = answer.partition(b"\r\n\r\n")

        assert b"\r\nset-cookie: a=b" not in head.lower(), target
        if b"text/html" in head:
            assert b"<script>" not in body, target


async def test_only_a_plain_request_id_is_mirrored(service: Patient) -> None:
    for path, lines in product(("/v1/recommendations?place=CT14", "/", "/v1/nothing"), IDS):
        request = b"GET %b HTTP/1.1\r\nHost: here\r\n%b\r\n\r\n" % (path.encode(), lines)
        head = (await send(service, request)).partition(b"\r\n\r\n")[0]

        assert b"set-cookie" not in head.lower(), lines
        assert b"<script>" not in head, lines
        mirrored = re.findall(rb"(?mi)^X-Request-ID: (.*?)\r?$", head)
        assert all(re.fullmatch(rb"[A-Za-z0-9._-]{1,64}", one) for one in mirrored), mirrored


async def test_only_a_plain_request_id_is_logged(
    service: Patient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "waitless")
    for path, lines in product(("/v1/recommendations?place=CT14", "/", "/v1/nothing"), IDS):
        await send(service, b"GET %b HTTP/1.1\r\nHost: here\r\n%b\r\n\r\n" % (path.encode(), lines))

    logged = [str(one.request_id) for one in caplog.records if hasattr(one, "request_id")]
    assert logged
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{1,64}", one) for one in logged)
    assert "Set-Cookie" not in caplog.text
    assert "xxx" not in caplog.text


async def test_a_plain_request_id_is_taken_over_and_each_other_request_has_a_new_one(
    service: Patient,
) -> None:
    longest = "night.desk_7-" + "x" * 51
    for path in ("/v1/recommendations?place=CT14", "/", "/v1/nothing"):
        given = await service.get(path, headers={"X-Request-ID": longest})
        made = [(await service.get(path)).headers["X-Request-ID"] for _ in range(3)]

        assert given.headers["X-Request-ID"] == longest
        assert len(set(made)) == 3


async def test_a_host_that_a_client_invents_is_nowhere_in_an_answer(service: Patient) -> None:
    paths = ("/", "/docs", "/openapi.json", "/operator/sessions", "/v1/nothing")
    for path, host in product(paths, HOSTS):
        answer = await send(service, f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert host.encode() not in answer, path
