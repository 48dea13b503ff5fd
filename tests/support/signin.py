"""Operators with accounts, and browsers that sign in without one being there."""

import re
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import ClientResponse
from aiohttp.hdrs import LOCATION, SET_COOKIE

from tests.support.service import Patient
from waitless.keys import Role
from waitless.signin.accounts import make_account

PASSWORDS = {
    "vera": "quiet harbour lantern",
    "otto": "seven grey pigeons",
    "ada": "paper boats at dawn",
}
ROLES = {"vera": Role.VIEWER, "otto": Role.OPERATOR, "ada": Role.ADMIN}
SIGN_IN = "/operator/sign-in"


def make_accounts() -> str:
    """An accounts file with a person of every role, its passwords newly salted."""
    return "".join(make_account(name, ROLES[name], word) for name, word in PASSWORDS.items())


_made_once = cache(make_accounts)


def write_accounts(folder: Path) -> Path:
    """A file of them in a folder: the same each time, as hashing takes its time."""
    path = folder / "accounts.toml"
    path.write_text(_made_once())
    return path


def origin_of(client: Patient) -> dict[str, str]:
    """What a browser says of where a form stood."""
    return {"Origin": str(client.make_url("/")).rstrip("/")}


async def sign_in(
    client: Patient, name: str, password: str | None = None, **more: str
) -> ClientResponse:
    """Send the form as a browser would; redirects are not followed."""
    form = {"name": name, "password": PASSWORDS[name] if password is None else password, **more}
    return await client.post(SIGN_IN, data=form, headers=origin_of(client), allow_redirects=False)


async def is_signed_in(client: Patient) -> bool:
    """Whether the page for those who are is shown."""
    response = await client.get("/operator/sessions", allow_redirects=False)
    if response.status == 200:
        return True
    assert response.status == 303
    assert urlsplit(response.headers[LOCATION]).path == SIGN_IN
    return False


async def csrf_of(client: Patient) -> str:
    """The token in the page's forms."""
    text = await (await client.get("/operator/sessions")).text()
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', text)
    assert found is not None
    return found[1]


def cookie_of(response: ClientResponse) -> str:
    """The session's cookie, as it was set, with its attributes."""
    [cookie] = [one for one in response.headers.getall(SET_COOKIE) if "-next" not in one]
    return cookie
