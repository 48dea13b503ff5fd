"""One way out to the provider and back: what ties its answer to the browser that asked. Pure.

The browser keeps one secret, in a cookie; state, nonce and PKCE verifier are made from it, each
by a hash that tells nothing of the others. So nothing is stored here until somebody is known.
"""

import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256

from waitless.signin.refusal import SignInRefused, Why

RETURN_PATH = "/operator/sign-in/openid/return"
"""Where the provider sends browsers back to."""
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Flow:
    """A sign-in that is under way."""

    secret: str

    @classmethod
    def begin(cls) -> "Flow":
        """A new one."""
        return cls(secrets.token_urlsafe(SECRET_BYTES))

    @property
    def state(self) -> str:
        """Comes back in the address, where only who sent the browser out can have put it."""
        return self._made("state")

    @property
    def nonce(self) -> str:
        """Comes back within the token, so that no token of another sign-in will do."""
        return self._made("nonce")

    @property
    def verifier(self) -> str:
        """Shows the provider that who brings the code is who asked for it (RFC 7636)."""
        return self._made("verifier")

    @property
    def challenge(self) -> str:
        """What the provider is told of the verifier beforehand: method S256."""
        return _text(sha256(self.verifier.encode()).digest())

    def check_state(self, told: str) -> None:
        """Raises SignInRefused where an answer is not to this."""
        sent = told.encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(sent, self.state.encode()):
            raise SignInRefused(Why.STRAY_ANSWER, "another state")

    def _made(self, what: str) -> str:
        key = self.secret.encode("utf-8", "surrogateescape")
        return _text(hmac.new(key, what.encode(), sha256).digest())


def _text(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()
