"""An OpenID Connect provider: found by discovery, asked over HTTP, believed by its signature.

The authorization code flow with PKCE. Sign-ins are rare, so each asks with connections of its own;
what the provider publishes of itself is kept for an hour, its keys less long where one is missing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

import aiohttp
import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from waitless.keys import Role
from waitless.signin.flow import RETURN_PATH, Flow
from waitless.signin.openid import OpenId, is_safe_url
from waitless.signin.refusal import SignInRefused, Why
from waitless.signin.roles import find_role
from waitless.signin.tokens import Claims, KeyUnknown, TokenFault, check_id_token

T = TypeVar("T")
PATIENCE = aiohttp.ClientTimeout(total=10)
MOST_BYTES = 1_048_576
KEPT_FOR = timedelta(hours=1)
KEYS_EVERY = timedelta(seconds=30)
"""Tokens with invented keys must not make us ask the provider each time."""
LONGEST_NAME, LONGEST_SUBJECT = 128, 255
"""Characters; of a subject what OpenID Connect Core (section 2) allows."""


class _Metadata(msgspec.Struct, frozen=True):
    """What is used of OpenID Provider Metadata."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the provider vouches for."""

    subject: str
    name: str
    role: Role | None


class Provider:
    """The provider, as far as we know it. Every call raises SignInRefused where it fails us."""

    def __init__(self, wanted: OpenId, *, now: Callable[[], datetime]) -> None:
        """Nothing asked yet."""
        self.issuer = wanted.issuer
        self._wanted = wanted
        self._now = now
        self._metadata: tuple[datetime, _Metadata] | None = None
        self._keys: tuple[datetime, KeySet] | None = None

    async def make_sign_in_url(self, flow: Flow) -> str:
        """Where to send a browser."""
        metadata = await self._load_metadata()
        return _with_query(
            metadata.authorization_endpoint,
            response_type="code",
            client_id=self._wanted.client_id,
            redirect_uri=self._return_to,
            scope=self._wanted.scopes,
            state=flow.state,
            nonce=flow.nonce,
            code_challenge=flow.challenge,
            code_challenge_method="S256",
        )

    async def find_sign_out_url(self, back_to: str) -> str | None:
        """Where a browser can be signed out of the provider, too; None where that is not offered.

        Args:
            back_to: a path of ours.
        """
        metadata = await self._load_metadata()
        if metadata.end_session_endpoint is None:
            return None
        return _with_query(
            metadata.end_session_endpoint,
            client_id=self._wanted.client_id,
            post_logout_redirect_uri=self._wanted.public_url + back_to,
        )

    async def identify(self, answer: Mapping[str, str], flow: Flow | None) -> Person:
        """Whom the provider's answer is about.

        Args:
            answer: the query that a browser came back with.
            flow: the one that it went out with; None where it has none (any more).
        """
        if flow is None:
            raise SignInRefused(Why.STRAY_ANSWER, "no sign-in is under way")
        flow.check_state(answer.get("state", ""))
        # RFC 9207: an answer of another provider that uses the same way back.
        if answer.get("iss", self.issuer) != self.issuer:
            raise SignInRefused(Why.STRAY_ANSWER, "another issuer")
        if "error" in answer or "code" not in answer:
            raise SignInRefused(Why.PROVIDER_REFUSED, "no code")
        metadata = await self._load_metadata()
        claims = await self._check(await self._redeem(metadata, answer["code"], flow), flow)
        subject = str(claims["sub"])
        name = claims.get(self._wanted.name_claim)
        return Person(
            subject=subject[:LONGEST_SUBJECT],
            name=_plain(name if isinstance(name, str) else "") or _plain(subject),
            role=find_role(claims, self._wanted.role_claim, self._wanted.roles),
        )

    @property
    def _return_to(self) -> str:
        return self._wanted.public_url + RETURN_PATH

    async def _redeem(self, metadata: _Metadata, code: str, flow: Flow) -> str:
        """The ID token that a code is good for."""
        wanted = self._wanted
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._return_to,
            "code_verifier": flow.verifier,
        }
        headers = {}
        if wanted.client_secret is None:
            form["client_id"] = wanted.client_id
        elif "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            headers["Authorization"] = _basic(wanted.client_id, wanted.client_secret)
        else:
            form |= {"client_id": wanted.client_id, "client_secret": wanted.client_secret}
        body = await _fetch(metadata.token_endpoint, form=form, headers=headers)
        return _decode(body, _Tokens).id_token

    async def _check(self, token: str, flow: Flow) -> Claims:
        keys = await self._load_keys(since=self._now() - KEPT_FOR)
        try:
            try:
                return self._believe(token, keys, flow)
            except KeyUnknown:  # it has changed its keys, maybe
                keys = await self._load_keys(since=self._now() - KEYS_EVERY)
                return self._believe(token, keys, flow)
        except TokenFault as fault:
            raise SignInRefused(Why.BAD_TOKEN, str(fault)) from fault

    def _believe(self, token: str, keys: KeySet, flow: Flow) -> Claims:
        return check_id_token(
            token, keys,
            issuer=self.issuer, client_id=self._wanted.client_id, nonce=flow.nonce,
            now=self._now(),
        )  # fmt: skip

    async def _load_metadata(self) -> _Metadata:
        if self._metadata is not None and self._now() - self._metadata[0] < KEPT_FOR:
            return self._metadata[1]
        at = self.issuer.rstrip("/") + "/.well-known/openid-configuration"
        found = _decode(await _fetch(at), _Metadata)
        if found.issuer != self.issuer:
            raise SignInRefused(Why.PROVIDER_AWAY, "it names itself otherwise than oidc_issuer")
        ends = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)
        if not all(is_safe_url(url) for url in (*ends, found.end_session_endpoint or at)):
            raise SignInRefused(Why.PROVIDER_AWAY, "an address in its metadata is not https")
        self._metadata = self._now(), found
        return found

    async def _load_keys(self, since: datetime) -> KeySet:
        """Its keys, asked for anew where they were not since then."""
        if self._keys is not None and self._keys[0] > since:
            return self._keys[1]
        body = await _fetch((await self._load_metadata()).jwks_uri)
        try:
            keys = KeySet.import_key_set(msgspec.json.decode(body))
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as fault:
            raise SignInRefused(Why.PROVIDER_AWAY, "its keys cannot be read") from fault
        self._keys = self._now(), keys
        return keys


async def _fetch(
    url: str, *, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> bytes:
    """What is at an address; redirects are not followed, as secrets would go with them.

    Raises:
        SignInRefused: nothing is; of a form, its being refused (PROVIDER_REFUSED).
    """
    method = "GET" if form is None else "POST"
    try:
        async with (
            aiohttp.ClientSession(timeout=PATIENCE) as http,
            http.request(
                method, url, data=form, headers=headers, allow_redirects=False
            ) as response,
        ):
            status, body = response.status, bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise SignInRefused(Why.PROVIDER_AWAY, "it says too much")
    except (aiohttp.ClientError, OSError, ValueError) as fault:  # OSError: TimeoutError, too
        raise SignInRefused(Why.PROVIDER_AWAY, type(fault).__name__) from fault
    if form is not None and status in (400, 401, 403):
        raise SignInRefused(Why.PROVIDER_REFUSED, f"its token endpoint answers {status}")
    if status != HTTPStatus.OK:
        raise SignInRefused(Why.PROVIDER_AWAY, f"{urlsplit(url).path} answers {status}")
    return bytes(body)


def _plain(name: str) -> str:
    """A name without what would spoil a line, or turn its direction."""
    return "".join(one for one in name if one.isprintable())[:LONGEST_NAME].strip()


def _decode(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as fault:
        raise SignInRefused(Why.PROVIDER_AWAY, f"not as specified: {fault}") from fault


def _with_query(url: str, **more: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(more)}"


def _basic(client_id: str, secret: str) -> str:
    """HTTP Basic, with both parts encoded first as RFC 6749 (section 2.3.1) has it."""
    encoded = (urlencode({"": one})[1:] for one in (client_id, secret))
    return aiohttp.encode_basic_auth(*encoded)
