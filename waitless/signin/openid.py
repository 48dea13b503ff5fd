"""How sign-in by an OpenID Connect provider is set up here."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from waitless.settings import Settings, SettingsFault, read_secret
from waitless.signin.roles import RoleMap, parse_roles

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenId:
    """How sign-in by a provider is set up here."""

    issuer: str
    client_id: str
    client_secret: str | None
    scopes: str
    name_claim: str
    role_claim: str
    roles: RoleMap
    public_url: str

    @classmethod
    def read(cls, settings: Settings) -> "OpenId | None":
        """What the settings say; None where they name no provider.

        Raises:
            SettingsFault: a setting that is missing, or cannot be used.
        """
        if settings.oidc_issuer is None:
            return None
        if settings.oidc_client_id is None:
            raise SettingsFault("oidc_client_id: the issuer wants one")
        if settings.public_url is None:
            raise SettingsFault("public_url: oidc_issuer wants it, to send browsers back to")
        if not is_safe_url(settings.oidc_issuer):
            raise SettingsFault("oidc_issuer: https://... is wanted (http on loopback alone)")
        public_url = settings.public_url.removesuffix("/")
        if not is_safe_url(public_url) or public_url.count("/") != len("//"):
            raise SettingsFault(
                "public_url: https://host[:port] is wanted (http on loopback alone)"
            )
        if "openid" not in settings.oidc_scopes.split():
            raise SettingsFault("oidc_scopes: without openid there is no ID token")
        return cls(
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id,
            client_secret=read_secret("oidc_client_secret_file", settings.oidc_client_secret_file),
            scopes=settings.oidc_scopes,
            name_claim=settings.oidc_name_claim,
            role_claim=settings.oidc_role_claim,
            roles=parse_roles(settings.oidc_roles),
            public_url=public_url,
        )


def is_safe_url(url: str) -> bool:
    """Whether nobody in between can read what goes there: https, or http on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (
        parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    )
