"""ID tokens: one that is as it should be is believed, and nothing else is."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from tests.support.clock import MONDAY_MORNING
from waitless.signin.tokens import KeyUnknown, TokenFault, check_id_token

KEY = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
CURVE = ECKey.generate_key("P-256", {"kid": "k2"})
KEYS = KeySet.import_key_set(KeySet([KEY, CURVE]).as_dict(private=False))
ISSUER, CLIENT, NONCE = "https://id.example", "waitless", "n" * 43
NOW = int(MONDAY_MORNING.timestamp())
HEADER = {"alg": "RS256", "kid": "k1"}
CLAIMS: dict[str, Any] = {
    "iss": ISSUER, "aud": CLIENT, "sub": "s-1", "iat": NOW, "exp": NOW + 300, "nonce": NONCE,
}  # fmt: skip


def check(token: str, *, later: float = 0) -> Any:
    return check_id_token(
        token, KEYS, issuer=ISSUER, client_id=CLIENT, nonce=NONCE,
        now=MONDAY_MORNING + timedelta(seconds=later),
    )  # fmt: skip


def signed(**other: object) -> str:
    """A token with some claims otherwise; None leaves one out."""
    claims = {name: value for name, value in (CLAIMS | other).items() if value is not None}
    return jwt.encode(HEADER, claims, KEY)


def part(document: object) -> str:
    return urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def unsigned(**header: object) -> str:
    return f"{part(header)}.{part(CLAIMS)}."


def with_shared_secret() -> str:
    """Signed by HMAC with the public key for a secret: the classic confusion."""
    text = f"{part({'alg': 'HS256', 'kid': 'k1'})}.{part(CLAIMS)}"
    signature = hmac.digest(KEY.as_pem(private=False), text.encode(), "sha256")
    return f"{text}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def with_own_key() -> str:
    """Signed by a key that comes along."""
    own = RSAKey.generate_key(2048, {"kid": "k1"})
    header = {**HEADER, "jwk": own.as_dict(private=False)}
    return jwt.encode(header, CLAIMS, own)


def test_a_token_that_is_as_it_should_be_is_believed() -> None:
    assert check(signed())["sub"] == "s-1"
    assert check(jwt.encode({"alg": "ES256", "kid": "k2"}, CLAIMS, CURVE))["sub"] == "s-1"
    assert check(signed(aud=[CLIENT, "other"], azp=CLIENT))["sub"] == "s-1"


@pytest.mark.parametrize(
    "other",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"iss": [ISSUER]},
        {"iss": ISSUER + "/"},
        {"aud": "other"},
        {"aud": None},
        {"aud": ["other"]},
        {"aud": [CLIENT, "other"]},
        {"aud": {"waitless": True}},
        {"azp": "other"},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"nonce": None},
        {"nonce": "m" * 43},
        {"nonce": [NONCE]},
        {"nonce": "é"},
        {"exp": None},
        {"exp": NOW - 61},
        {"exp": "tomorrow"},
        {"exp": True},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"iat": None},
        {"iat": NOW + 61},
        {"nbf": NOW + 61},
    ],
)
def test_a_claim_that_is_not_as_it_should_be_is_refused(other: dict[str, object]) -> None:
    with pytest.raises(TokenFault):
        check(signed(**other))


def test_a_token_is_over_a_minute_after_its_end() -> None:
    assert check(signed(), later=359)
    with pytest.raises(TokenFault, match="ExpiredTokenError"):
        check(signed(), later=360)


FORGED: dict[str, Callable[[], str]] = {
    "no signature, and says so": lambda: unsigned(alg="none"),
    "the same, in another spelling": lambda: unsigned(alg="None", kid="k1"),
    "no signature, and does not say so": lambda: unsigned(alg="RS256", kid="k1"),
    "no algorithm": lambda: unsigned(kid="k1"),
    "by the public key as a shared secret": with_shared_secret,
    "by a key that it brings along": with_own_key,
    "by another key than it names": lambda: jwt.encode(
        {"alg": "ES256", "kid": "k1"}, CLAIMS, CURVE
    ),
    "spoilt": lambda: signed()[:-4] + "AAAA",
    "of other claims": lambda: ".".join(
        [part(HEADER), part(CLAIMS | {"sub": "s-2"}), signed().split(".")[2]]
    ),
    "of nothing, at length": lambda: "x" * 40_000,
    "of nested lists": lambda: f"{'[' * 5000}.e30.e30",
    "of nothing": lambda: "",
}


@pytest.mark.parametrize("what", FORGED)
def test_a_signature_that_is_not_the_provider_s_is_refused(what: str) -> None:
    with pytest.raises(TokenFault):
        check(FORGED[what]())


def test_an_unknown_key_is_told_apart_so_that_it_can_be_asked_for() -> None:
    stranger = RSAKey.generate_key(2048, {"kid": "k9"})

    with pytest.raises(KeyUnknown):
        check(jwt.encode({"alg": "RS256", "kid": "k9"}, CLAIMS, stranger))


def test_a_refusal_does_not_quote_the_token() -> None:
    with pytest.raises(TokenFault) as refused:
        check(signed(iss="https://secret.example"))

    assert "secret" not in str(refused.value)


@given(st.text(max_size=200) | st.from_regex(r"[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*"))
def test_nothing_that_is_not_signed_is_believed(token: str) -> None:
    with pytest.raises(TokenFault):
        check(token)


@given(
    st.dictionaries(st.text(), st.text() | st.integers() | st.none(), max_size=3),
    st.recursive(st.none() | st.text(), lambda inner: st.lists(inner, max_size=3)),
)
def test_no_header_makes_anything_but_a_refusal(more: dict[str, object], kid: object) -> None:
    header = {"alg": "RS256", "kid": kid, **more}
    with pytest.raises(TokenFault):
        check(f"{part(header)}.{part(CLAIMS)}.{signed().split('.')[2]}")
