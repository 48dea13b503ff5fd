"""ID tokens: whether one is what OpenID Connect Core (section 3.1.3.7) wants. Pure.

Signatures are joserfc's business; nothing is decrypted or verified by code of ours.
"""

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

ALGORITHMS = tuple(f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512))
"""Signatures by a private key that the provider alone has: never `none`, never a shared secret."""
LEEWAY_S = 60
"""By so much may the provider's clock and ours differ."""
LONGEST = 32_768
"""Characters of a token."""

Claims = Mapping[str, Any]


class TokenFault(Exception):
    """A token that is not to be believed; the message says of what kind, not what was in it."""


class KeyUnknown(TokenFault):
    """It names a key that the provider had not published when we asked last."""


def check_id_token(
    token: str, keys: KeySet, *, issuer: str, client_id: str, nonce: str, now: datetime
) -> Claims:
    """The claims of a token that is genuine, the provider's, for us, of now and of this sign-in.

    Raises:
        KeyUnknown: the provider may have published its key since.
        TokenFault: anything else.
    """
    if len(token) > LONGEST:
        raise TokenFault("too long")
    registry = JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=LEEWAY_S,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True},
    )
    try:
        claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        registry.validate(claims)
    except InvalidKeyIdError as fault:
        raise KeyUnknown("signed by an unknown key") from fault
    except (JoseError, ValueError, TypeError, RecursionError) as fault:
        # What libraries say of a token quotes claims and headers: the kind of fault is enough.
        raise TokenFault(f"{type(fault).__name__}{_claim_of(fault)}") from None
    told = claims["nonce"]
    if not isinstance(told, str) or not hmac.compare_digest(told.encode(), nonce.encode()):
        raise TokenFault("nonce of another sign-in")
    authorized = claims.get("azp")
    if authorized is None and isinstance(claims["aud"], list) and len(claims["aud"]) > 1:
        raise TokenFault("for several parties, and does not say which asked for it")
    if authorized not in (None, client_id):
        raise TokenFault("another party asked for it")
    return claims


def _claim_of(fault: Exception) -> str:
    claim = getattr(fault, "claim", None)
    return f" ({claim})" if isinstance(claim, str) else ""
