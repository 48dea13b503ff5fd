"""Roles by what a provider calls people, and the settings that say so."""

from typing import Any

import pytest

from waitless.keys import Role
from waitless.settings import Settings, SettingsFault
from waitless.signin.flow import Flow
from waitless.signin.openid import OpenId
from waitless.signin.refusal import SignInRefused
from waitless.signin.roles import find_role, parse_roles

ROLES = parse_roles("desk=operator, uc admins = admin,CN=wall,OU=x=viewer".replace(",OU", ";OU"))
GOOD: dict[str, Any] = {
    "oidc_issuer": "https://id.example",
    "oidc_client_id": "waitless",
    "oidc_roles": "desk=operator",
    "public_url": "https://waitless.example/",
}


@pytest.mark.parametrize(
    ("claims", "path", "role"),
    [
        ({"roles": ["desk"]}, "roles", Role.OPERATOR),
        ({"roles": "desk"}, "roles", Role.OPERATOR),
        ({"roles": ["CN=wall;OU=x", "uc admins", "desk"]}, "roles", Role.ADMIN),
        ({"realm_access": {"roles": ["desk"]}}, "realm_access.roles", Role.OPERATOR),
        ({"https://x.example/roles": ["desk"]}, "https://x.example/roles", Role.OPERATOR),
        ({"roles": ["admin", "operator"]}, "roles", None),
        ({"roles": {"desk": True}}, "roles", None),
        ({"roles": [["desk"], 1, None]}, "roles", None),
        ({"roles": "desk,uc admins"}, "roles", None),
        ({}, "roles", None),
        ({"a": "desk"}, "a.b.c", None),
    ],
)
def test_the_most_that_any_word_allows_is_the_role(
    claims: dict[str, object], path: str, role: Role | None
) -> None:
    assert find_role(claims, path, ROLES) is role


@pytest.mark.parametrize("text", ["", ",", "desk", "desk=provider", "=viewer", "a=viewer,a=admin"])
def test_a_mapping_that_says_nothing_or_too_much_is_refused(text: str) -> None:
    with pytest.raises(SettingsFault, match="oidc_roles"):
        parse_roles(text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("oidc_client_id", None),
        ("public_url", None),
        ("public_url", "http://waitless.example"),
        ("public_url", "https://waitless.example/operators"),
        ("public_url", "https://["),
        ("oidc_scopes", "profile email"),
        ("oidc_issuer", "http://id.example"),
        ("oidc_issuer", "id.example"),
        ("oidc_roles", ""),
    ],
)
def test_openid_connect_that_is_half_set_up_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(SettingsFault, match=name):
        OpenId.read(Settings(**(GOOD | {name: value})))


def test_openid_connect_that_is_set_up_or_not_at_all_is_read() -> None:
    assert OpenId.read(Settings()) is None
    wanted = OpenId.read(Settings(**GOOD))
    assert wanted is not None
    assert wanted.public_url == "https://waitless.example"
    assert wanted.client_secret is None


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.PROVIDER, {Role.PROVIDER}),
        (Role.VIEWER, {Role.VIEWER}),
        (Role.OPERATOR, {Role.VIEWER, Role.OPERATOR}),
        (Role.ADMIN, {Role.VIEWER, Role.OPERATOR, Role.ADMIN}),
    ],
)
def test_each_role_of_people_includes_those_before_it(role: Role, may: set[Role]) -> None:
    assert {wanted for wanted in Role if role.may(wanted)} == may


def test_state_nonce_and_verifier_of_a_flow_are_unlike_and_its_own() -> None:
    one, other = Flow.begin(), Flow.begin()

    assert len({one.state, one.nonce, one.verifier, one.secret, other.state}) == 5
    assert Flow(one.secret).verifier == one.verifier
    one.check_state(one.state)
    for wrong in (other.state, "", one.nonce, "\udcff"):
        with pytest.raises(SignInRefused):
            one.check_state(wrong)


def test_the_challenge_is_that_of_rfc_7636() -> None:
    """Appendix B: its verifier and its challenge."""

    class Known(Flow):
        verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # type: ignore[assignment]

    assert Known("x").challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
