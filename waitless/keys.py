"""Keys: who may push waits, and who may act on them. Only hashes are kept.

A key is 256 random bits, so one round of SHA-256 is as good as any slower hash: there is no
dictionary to try. The file is TOML; `waitless keys make` writes a line for it.
"""

import hashlib
import hmac
import secrets
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec

from feeds.topics import is_slug

KEY_BYTES = 32


class Role(StrEnum):
    """What somebody may do; each but `provider` includes those before it."""

    PROVIDER = "provider"
    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def may(self, wanted: "Role") -> bool:
        """Whether this role is enough for what is wanted."""
        if Role.PROVIDER in (self, wanted):
            return self is wanted
        return PEOPLE.index(self) >= PEOPLE.index(wanted)


PEOPLE = (Role.VIEWER, Role.OPERATOR, Role.ADMIN)
"""The roles of people, from the least to the most."""


class How(StrEnum):
    """How we know who somebody is."""

    KEY = "key"
    ACCOUNT = "account"
    OPENID = "openid"


class KeysFault(Exception):
    """A key file that cannot be used; the message names the file and the row."""


class _KeyRow(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    role: Role
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class _KeyFile(msgspec.Struct, forbid_unknown_fields=True):
    key: list[_KeyRow] = []


@dataclass(frozen=True, slots=True)
class Holder:
    """Who is asking: a provider's slug, or an operator's name."""

    name: str
    role: Role
    how: How = How.KEY


class KeyRing:
    """Every key that opens something here."""

    def __init__(self, holders: dict[str, Holder]) -> None:
        self._holders = holders

    @classmethod
    def load(cls, path: Path | None) -> "KeyRing":
        """Read a key file; None gives a ring that opens nothing.

        Raises:
            KeysFault: unreadable, an unknown field, a hash that is none, a name that is no slug.
        """
        if path is None:
            return cls({})
        try:
            rows = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _KeyFile).key
        except (OSError, ValueError, RecursionError) as fault:
            raise KeysFault(f"{path.name}: {fault}") from fault
        for row in rows:
            if not is_slug(row.name):
                raise KeysFault(f"{path.name}: {row.name!r} is not a slug")
        return cls({row.sha256: Holder(row.name, row.role) for row in rows})

    def list_providers(self) -> frozenset[str]:
        """Who may push waits."""
        return frozenset(
            holder.name for holder in self._holders.values() if holder.role is Role.PROVIDER
        )

    def find_holder(self, key: str) -> Holder | None:
        """Whose key it is; None where nobody's. Every hash is compared, in constant time."""
        offered = digest(key)
        found = None
        for known, holder in self._holders.items():
            if hmac.compare_digest(known, offered):
                found = holder
        return found


def digest(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def make_key(name: str, role: Role) -> tuple[str, str]:
    """A new key, to be told its holder once, and the lines for the key file."""
    key = secrets.token_urlsafe(KEY_BYTES)
    return key, f'[[key]]\nname = "{name}"\nrole = "{role}"\nsha256 = "{digest(key)}"\n'
