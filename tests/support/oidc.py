"""OpenID Connect providers on loopback: one from a package, and one of ours that can be crooked."""

import hashlib
import json
import secrets
import sys
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus, urlencode

from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests.support.servers import Server

Claims = dict[str, Any]
Twist = Callable[[dict[str, str], Claims], str]
"""Makes the token that is given out, of the header and the claims that it should have."""


def start_provider(folder: Path, *people: Claims) -> Server:
    """The provider of the package `oidc-provider-mock`; each of `people` has a `sub`."""
    users = [word for one in people for word in ("--user-claims", json.dumps(one))]
    return Server(
        lambda port: [
            sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce",
            "true", *users,
        ],
        folder,
    )  # fmt: skip


class CrookedProvider:
    """A strict provider, until it is told to be something else.

    It wants PKCE (S256), a nonce, the client's secret, and gives each code out for one token.
    """

    client_id, client_secret = "waitless", "a secret: with/odd%characters"

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.person: Claims = {"sub": "s-1", "preferred_username": "anna", "roles": ["desk"]}
        self.twist: Twist | None = None
        self.metadata: Claims = {}
        """What its metadata says otherwise."""
        self.answer: dict[str, str] = {}
        """What browsers come back with otherwise."""
        self.keys_asked = 0
        self.away = False
        self._asked: dict[str, dict[str, str]] = {}
        self.rotate()
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._describe)
        app.router.add_get("/authorize", self._authorize)
        app.router.add_post("/token", self._give_token)
        app.router.add_get("/keys", self._list_keys)
        self.server = TestServer(app)

    @property
    def issuer(self) -> str:
        return str(self.server.make_url("/")).rstrip("/")

    def rotate(self) -> None:
        """Sign with a new key from now on."""
        self.key = RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig"})

    def sign(self, header: dict[str, str], claims: Claims) -> str:
        return jwt.encode(header, claims, self.key)

    async def _describe(self, _: web.Request) -> web.Response:
        if self.away:
            raise web.HTTPServiceUnavailable
        return web.json_response(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                **self.metadata,
            }
        )

    async def _authorize(self, request: web.Request) -> web.Response:
        asked = dict(request.query)
        assert asked["client_id"] == self.client_id
        assert asked["code_challenge_method"] == "S256"
        assert asked["response_type"] == "code"
        assert len(asked["nonce"]) >= 43
        code = secrets.token_urlsafe(1500)  # some are that long
        self._asked[code] = asked
        told = {"code": code, "state": asked["state"], **self.answer}
        raise web.HTTPFound(f"{asked['redirect_uri']}?{urlencode(told)}")

    async def _give_token(self, request: web.Request) -> web.Response:
        form = await request.post()
        asked = self._asked.pop(str(form["code"]), None)
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
        told = request.headers.get("Authorization", "")
        if (
            asked is None
            or asked["code_challenge"] != challenge
            or asked["redirect_uri"] != form["redirect_uri"]
            or not self._is_client(told)
        ):
            return web.json_response({"error": "invalid_grant"}, status=400)
        claims = {
            "iss": self.issuer,
            "aud": self.client_id,
            "iat": int(self.now()),
            "exp": int(self.now()) + 300,
            "nonce": asked["nonce"],
            **self.person,
        }
        header = {"alg": "RS256", "kid": str(self.key.kid)}
        token = (self.twist or self.sign)(header, claims)
        return web.json_response({"id_token": token, "access_token": "x", "token_type": "Bearer"})

    def _is_client(self, authorization: str) -> bool:
        words = b64decode(authorization.removeprefix("Basic ")).decode().split(":")
        return [unquote_plus(one) for one in words] == [self.client_id, self.client_secret]

    async def _list_keys(self, _: web.Request) -> web.Response:
        self.keys_asked += 1
        return web.json_response(KeySet([self.key]).as_dict(private=False))
