"""What somebody may do here, by what the provider calls them. Pure."""

from collections.abc import Mapping

from waitless.keys import PEOPLE, Role
from waitless.settings import SettingsFault

RoleMap = Mapping[str, Role]
"""The provider's words to ours."""


def parse_roles(text: str) -> RoleMap:
    """The mapping that `their-word=role,...` says.

    Raises:
        SettingsFault: a part without `=`, an unknown role, a word twice, or nothing at all.
    """
    known: dict[str, Role] = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        word, equals, role = (one.strip() for one in part.rpartition("="))
        if not equals or not word or role not in PEOPLE:
            raise SettingsFault(f"oidc_roles: {part!r}: their-word={'|'.join(PEOPLE)} is wanted")
        if word in known:
            raise SettingsFault(f"oidc_roles: {word!r} stands twice")
        known[word] = Role(role)
    if not known:
        raise SettingsFault("oidc_roles: without any, nobody could do anything")
    return known


def find_role(claims: Mapping[str, object], path: str, roles: RoleMap) -> Role | None:
    """The most that any of somebody's words allows; None where none does.

    Args:
        claims: of the ID token.
        path: a claim's name; failing that, names with dots between them, each within the last.
        roles: the mapping.
    """
    value = claims.get(path)
    if value is None:
        value = claims
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
    words = value if isinstance(value, list) else [value]
    found = [roles[word] for word in words if isinstance(word, str) and word in roles]
    return max(found, key=PEOPLE.index, default=None)
