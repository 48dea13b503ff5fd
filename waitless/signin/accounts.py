"""Accounts of a small site: names, roles and password hashes in a TOML file.

Passwords are hashed by argon2id with the parameters that RFC 9106 recommends where memory is
short (64 MiB, 3 passes, 4 lanes). `waitless accounts hash` writes the lines.
"""

import asyncio
import hashlib
import secrets
import tomllib
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from feeds.topics import is_slug
from waitless.keys import PEOPLE, Role
from waitless.settings import SettingsFault

SHORTEST, LONGEST = 12, 256
"""Characters of a new password, of any that is checked."""
LEAST_MEMORY_KIB, LEAST_PASSES = 19_456, 2
"""OWASP's least for argon2id (Password Storage Cheat Sheet); weaker hashes are refused."""
MOST_MEMORY_KIB, MOST_PASSES = 1_048_576, 16
"""A hash that asks for more would let every sign-in hold the process up."""
AT_ONCE = 2
"""Passwords that are checked at a time: each takes a processor and 64 MiB."""
MOST_WAITING = 32
"""Others that may wait for that."""
_hasher = PasswordHasher()


class Account(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of the file."""

    name: str
    role: Role
    hash: Annotated[str, msgspec.Meta(max_length=512)]

    @property
    def stamp(self) -> str:
        """Changes with the password, and with it ends every session that began under the old."""
        return hashlib.sha256(self.hash.encode()).hexdigest()[:16]


class _AccountFile(msgspec.Struct, forbid_unknown_fields=True):
    account: list[Account] = []


class Accounts:
    """Who may sign in by password."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        self._accounts = {one.name: one for one in accounts}
        # What an unknown name's password is held against, so that it takes as long as a known's.
        self._nobody = hash_password(secrets.token_urlsafe()) if self._accounts else ""
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    @classmethod
    def load(cls, path: Path | None) -> "Accounts":
        """Read the file; None gives accounts of nobody.

        Raises:
            SettingsFault: unreadable, an unknown field, a name twice or that is no slug, a role
                that is no person's, a hash that is no argon2id or too weak or too costly.
        """
        if path is None:
            return cls([])
        try:
            text = path.read_text(encoding="utf-8")
            rows = msgspec.convert(tomllib.loads(text), _AccountFile).account
            _check(rows)
        except (OSError, ValueError, RecursionError) as fault:
            raise SettingsFault(f"accounts_file: {path.name}: {fault}") from fault
        return cls(rows)

    def __bool__(self) -> bool:
        return bool(self._accounts)

    def find(self, name: str) -> Account | None:
        """The account of that name; None where there is none."""
        return self._accounts.get(name)

    @property
    def busy(self) -> bool:
        """Whether so many passwords are being checked that no more should be taken."""
        return self._waiting >= AT_ONCE + MOST_WAITING

    async def verify(self, name: str, password: str) -> Account | None:
        """The account whose name and password these are; None where they are nobody's.

        It takes as long for a name that nobody has.
        """
        if not self._accounts:
            return None
        account = self.find(name)
        known = self._nobody if account is None else account.hash
        self._waiting += 1
        try:
            async with self._turns:
                right = await asyncio.to_thread(_is_password, known, password)
        finally:
            self._waiting -= 1
        return account if right else None


def hash_password(password: str) -> str:
    """The argon2id hash that is kept of a password."""
    return _hasher.hash(_normal(password))


def find_fault(password: str, name: str) -> str | None:
    """Why a new password will not do; None where it will."""
    if len(password) < SHORTEST:
        return f"at least {SHORTEST} characters"
    if len(password) > LONGEST:
        return f"at most {LONGEST} characters"
    if name in password.lower():
        return "it must not have the name in it"
    if len(set(password)) < SHORTEST // 2:
        return f"at least {SHORTEST // 2} different characters"
    return None


def make_account(name: str, role: Role, password: str) -> str:
    """The lines of the file for a new account."""
    return f'[[account]]\nname = "{name}"\nrole = "{role}"\nhash = "{hash_password(password)}"\n'


def _check(rows: Sequence[Account]) -> None:
    """Raises ValueError where the rows cannot be used."""
    for row in rows:
        _check_row(row)
    names = [row.name for row in rows]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"twice: {', '.join(sorted(twice))}")


def _check_row(row: Account) -> None:
    if not is_slug(row.name):
        raise ValueError(f"{row.name!r} is not a slug")
    if row.role not in PEOPLE:
        raise ValueError(f"{row.name}: an account is a {', '.join(PEOPLE)}")
    try:
        told = extract_parameters(row.hash)
    except InvalidHashError as fault:
        raise ValueError(f"{row.name}: the hash is none of argon2") from fault
    if told.type is not Type.ID:
        raise ValueError(f"{row.name}: the hash is none of argon2id")
    if told.memory_cost < LEAST_MEMORY_KIB or told.time_cost < LEAST_PASSES:
        raise ValueError(f"{row.name}: the hash is too weak")
    if told.memory_cost > MOST_MEMORY_KIB or told.time_cost > MOST_PASSES:
        raise ValueError(f"{row.name}: the hash costs too much")


def _is_password(known: str, password: str) -> bool:
    try:
        return _hasher.verify(known, _normal(password))
    except (VerifyMismatchError, InvalidHashError):
        return False


def _normal(password: str) -> bytes:
    """One form of what can be typed in several, as keyboards differ in how they compose."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogateescape")
