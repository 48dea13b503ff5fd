"""Settings: `WAITLESS_*` environment variables over an optional TOML file, read once.

docs/settings.md lists each; unknown names are refused, so that a typing error is never silent.
"""

import tomllib
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

import msgspec

from feeds.mqtt import MqttEndpoint
from waitless.ledger.policy import INFORMED_SHARE, Policy, spread_minutes

PREFIX = "WAITLESS_"
CONFIG = "WAITLESS_CONFIG"
SLOWEST_RATE = 0.001
MAP_TILES = r"^https?://[A-Za-z0-9.:-]+/\S*\{z\}\S*\{[xy]\}\S*\{[xy]\}\S*$"
"""An address of tiles: its origin enters the page's content policy, so it is plain."""
_MQTT_PORTS = {"mqtt": 1883, "mqtts": 8883}


class SettingsFault(Exception):
    """Settings that cannot be used; the message names the setting and where it was read."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that differs from one deployment to the next."""

    area: str = "east-kent"
    """A shipped area's name, or the path of an area pack's folder."""
    places_file: Path | None = None
    """Full postcodes (`waitless places build`), instead of those that the pack names."""
    timetable_file: Path | None = None
    """Public transport (`waitless transit build`), instead of the timetable that the pack names."""
    redis_url: str = "redis://127.0.0.1:6379/0"
    """`redis://`, `rediss://`, `unix://`, `redis+sentinel://`, `redis+cluster://`."""
    redis_password_file: Path | None = None
    """A file that holds Redis's password, instead of writing it into the address."""
    redis_wait_replicas: Annotated[int, msgspec.Meta(ge=0, le=10)] = 0
    """Replicas that must have what was accepted before it is acknowledged."""
    redis_wait_timeout_ms: Annotated[int, msgspec.Meta(ge=10, le=1500)] = 500
    """How long they may take before it is tried again."""
    rate_limit: Annotated[float, msgspec.Meta(ge=0, le=10_000)] = 0.0
    """Requests a second that one client can make for good; 0 does not limit."""
    rate_burst: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 100
    """Requests that one client can make at once, and event streams that it can hold."""
    trusted_proxies: str = ""
    """Networks, with commas between them, whose word in X-Forwarded-For is believed."""
    mqtt_url: str | None = None
    """`mqtt[s]://[user[:password]@]host[:port]`; none: no MQTT is listened to."""
    mqtt_password_file: Path | None = None
    """A file that holds the broker's password, instead of writing it into the address."""
    mqtt_ca_file: Path | None = None
    """The authorities, in PEM form, that a broker's certificate is by; none: the machine's."""
    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8080
    """0 takes any free port."""
    writer_port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8081
    """Where the process that writes listens beside the workers of `serve --workers`."""
    most_connections: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 10_000
    """Connections that a process holds at once; others are told so and closed."""
    idle_seconds: Annotated[float, msgspec.Meta(ge=0.5, le=3600)] = 75.0
    """How long a connection may stand still: without a whole request, or with an answer not taken.
    More than a proxy in front keeps its connections for."""
    most_minutes: Annotated[float, msgspec.Meta(gt=0, le=600)] = 45.0
    most_transit_minutes: Annotated[float, msgspec.Meta(gt=0, le=600)] = 90.0
    """Journeys longer than this are not recommended, except to the nearest suitable place."""
    ed_margin_minutes: Annotated[float, msgspec.Meta(ge=0, le=120)] = 20.0
    """Added to an emergency department's cost for a minor need: a policy, docs/ledger.md."""
    ledger_kappa: Annotated[float, msgspec.Meta(ge=0, le=5)] = 1.0
    """How much of the wait that people on their way will make is added; 0: nothing is."""
    ledger_omega: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.5
    """The share of the usual advised load that the forecast is taken to hold already."""
    ledger_most_minutes: Annotated[float, msgspec.Meta(ge=0, le=240)] = 45.0
    """No wait is raised by more for those on their way."""
    ledger_served_share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    ledger_informed_share: Annotated[float, msgspec.Meta(ge=0, le=1)] = INFORMED_SHARE
    """How much a served answer counts as somebody on their way; 0 counts journeys alone."""
    horizon_minutes: Annotated[float, msgspec.Meta(ge=30, le=6000)] = 720.0
    """Journeys longer than this are not in the travel tables; less makes a large area's smaller."""
    cache_entries: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] = 20_000
    """Answers that a process keeps at most; 0: each is computed afresh."""
    cache_megabytes: Annotated[int, msgspec.Meta(ge=1, le=65_536)] = 128
    """Memory that those answers take at most."""
    fast_path: bool = False
    """Whether plain questions are answered before aiohttp parses them (decision 0011)."""
    loop: Literal["auto", "asyncio", "uvloop"] = "auto"
    """The event loop of `waitless serve`."""
    tables_folder: Path | None = None
    """Where answering processes of one machine share travel tables as mapped files; none: each
    keeps a copy of its own."""
    instance: Annotated[str, msgspec.Meta(pattern=r"^[a-zA-Z0-9-]{1,32}$")] = "1"
    """Tells apart processes that listen to one broker: part of the MQTT client identifier."""
    simulated: bool = False
    """Whether every answer is labelled simulated, even before a single simulated reading came."""
    map_tiles: Annotated[str, msgspec.Meta(pattern=MAP_TILES)] | None = None
    """Where the page's map gets tiles from, with `{z}`, `{x}` and `{y}`; none: our own drawing."""
    map_attribution: str = ""
    """What the tiles' provider wants said on the map."""
    keys_file: Path | None = None
    """A TOML file of key hashes (`waitless keys make`); none: nobody may push or act."""
    accounts_file: Path | None = None
    """A TOML file of people who sign in by password (`waitless accounts hash`); none: nobody."""
    session_idle_minutes: Annotated[float, msgspec.Meta(ge=1, le=1440)] = 60.0
    """A session without a request for so long is over."""
    session_hours: Annotated[float, msgspec.Meta(gt=0, le=168)] = 12.0
    """A session is over after so long, whatever it did."""
    public_url: str | None = None
    """Where browsers reach the operators' pages, `https://host[:port]`; OpenID Connect wants it."""
    oidc_issuer: str | None = None
    """An OpenID Connect provider, exactly as it names itself; none: no sign-in by it."""
    oidc_client_id: str | None = None
    oidc_client_secret_file: Path | None = None
    """None: a public client, which PKCE alone protects."""
    oidc_scopes: str = "openid profile"
    oidc_name_claim: str = "preferred_username"
    """What people are called by here; `sub` where a token has none."""
    oidc_role_claim: str = "roles"
    """The claim of the ID token that roles are read from; `a.b` is b within a."""
    oidc_roles: str = ""
    """`their-word=viewer|operator|admin`, with commas between them."""
    alert_webhook: str | None = None
    """An http(s) address that feed alerts are posted to; they are logged in any case."""
    mqtt_share_group: Annotated[str, msgspec.Meta(pattern=r"^[a-zA-Z0-9-]{1,32}$")] | None = None
    """Take turns with other subscribers of this group; the broker sends it no retained waits."""
    backup_folder: Path | None = None
    """Where `ops/backup` puts copies of the store, for the writer to tell how old the newest is;
    none: nothing is told of copies."""
    backup_every_seconds: Annotated[float, msgspec.Meta(ge=1, le=604_800)] = 45.0
    """How often it makes one: `EVERY`."""
    log_level: Annotated[str, msgspec.Meta(pattern="^(DEBUG|INFO|WARNING|ERROR)$")] = "INFO"
    log_format: Literal["text", "json"] = "text"
    """Lines for people, or one JSON object a line (`waitless.logs`)."""
    traces_url: str | None = None
    """A collector's OTLP/HTTP address, `http[s]://host[:port][/v1/traces]`; none: no traces."""
    traces_ratio: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.1
    """How many deliveries and requests of all are told of."""

    def __post_init__(self) -> None:
        if 0 < self.rate_limit < SLOWEST_RATE:
            raise ValueError(f"rate_limit: 0 for none, or at least {SLOWEST_RATE} a second")

    def find_mqtt(self) -> MqttEndpoint | None:
        """The broker; None where none is set.

        Raises:
            SettingsFault: an address that is none, or a file that cannot be read.
        """
        if self.mqtt_url is None:
            return None
        try:
            parts = urlsplit(self.mqtt_url)
            port = parts.port
        except ValueError as fault:
            raise SettingsFault(f"mqtt_url: {fault}") from fault
        if parts.scheme not in _MQTT_PORTS or not parts.hostname:
            raise SettingsFault("mqtt_url: mqtt://host or mqtts://host is wanted")
        endpoint = MqttEndpoint(
            host=parts.hostname,
            port=port or _MQTT_PORTS[parts.scheme],
            username=unquote(parts.username) if parts.username else None,
            password=read_secret("mqtt_password_file", self.mqtt_password_file)
            or (unquote(parts.password) if parts.password else None),
            tls=parts.scheme == "mqtts",
            ca_file=self.mqtt_ca_file,
        )
        try:
            endpoint.make_tls_context()
        except OSError as fault:
            raise SettingsFault(f"mqtt_ca_file: {fault}") from fault
        return endpoint

    def list_trusted_proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks whose word about a client's address counts.

        Raises:
            SettingsFault: one that is none.
        """
        try:
            return tuple(
                ip_network(one.strip()) for one in self.trusted_proxies.split(",") if one.strip()
            )
        except ValueError as fault:
            raise SettingsFault(f"trusted_proxies: {fault}") from fault

    def make_policy(self) -> Policy:
        """The figures of the ranking that are choices."""
        return Policy(
            margin_minutes=self.ed_margin_minutes,
            most_journey_minutes=self.most_minutes,
            most_transit_minutes=self.most_transit_minutes,
            kappa=self.ledger_kappa,
            omega=self.ledger_omega,
            most_correction_minutes=self.ledger_most_minutes,
            served_share=self.ledger_served_share,
            spread_minutes=spread_minutes(self.ledger_informed_share),
        )

    def find_redis_password(self) -> str | None:
        """Redis's password, where a file holds it; None leaves it to the address.

        Raises:
            SettingsFault: a password file that cannot be read.
        """
        return read_secret("redis_password_file", self.redis_password_file)


def load_settings(environment: Mapping[str, str], **overrides: object) -> Settings:
    """The settings that an environment, and the file it may name, give.

    Args:
        environment: usually `os.environ`; `WAITLESS_CONFIG` names the TOML file.
        overrides: what a command line said; None means it said nothing.

    Raises:
        SettingsFault: an unknown name, a value of the wrong form, an unreadable file.
    """
    values = _from_file(environment.get(CONFIG))
    for name, text in environment.items():
        if name.startswith(PREFIX) and name != CONFIG:
            field = name.removeprefix(PREFIX).lower()
            if field not in Settings.__struct_fields__:
                raise SettingsFault(f"{name}: there is no such setting")
            values[field] = text
    values |= {name: value for name, value in overrides.items() if value is not None}
    try:
        return msgspec.convert(values, Settings, strict=False, dec_hook=_path)
    except msgspec.ValidationError as fault:
        raise SettingsFault(str(fault)) from fault


def read_secret(setting: str, path: Path | None) -> str | None:
    """What a secret's file holds; None where none is named.

    Raises:
        SettingsFault: it cannot be read.
    """
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsFault(f"{setting}: {fault}") from fault


def _path(kind: type, text: object) -> object:
    """What msgspec cannot convert by itself: paths."""
    if kind is Path and isinstance(text, str):
        return Path(text)
    raise NotImplementedError(kind)


def _from_file(name: str | None) -> dict[str, Any]:
    if name is None:
        return {}
    try:
        return tomllib.loads(Path(name).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as fault:
        raise SettingsFault(f"{name}: {fault}") from fault
