"""Everything an operator can set, from the environment, secret files and one TOML file.

Bad configuration stops the start with one line that names the setting; a value is never echoed.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

PREFIX = "GATEWAY_"
KUBERNETES = re.compile(r"GATEWAY_(?:SERVICE_(?:HOST|PORT(?:_\w+)?)|PORT(?:_\d+_(?:TCP|UDP)(?:_\w+)?)?)")
ORIGIN = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")
COLLECTOR = re.compile(r"https?://[^/@?#\s]+(?:/[^@?#\s]*)?")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
STORES = frozenset({"memory", "redis", "rediss", "redis-cluster", "rediss-cluster"})


class ConfigurationError(Exception):
    """One line for stderr. Exit status 2."""


class SandboxMode(StrEnum):
    """Which vendors the built-in simulators play."""

    AUTO = "auto"
    ALL = "all"
    NONE = "none"


class VendorSettings(BaseModel):
    """Bounds every vendor has. `timeout` is the total time of one call in seconds, its retries not counted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str | None = None
    timeout: float = Field(default=8.0, gt=0, le=600)
    requests_per_minute: int | None = Field(default=None, ge=1)
    max_connections: int = Field(default=50, ge=1, le=1000)
    max_response_bytes: int = Field(default=64 * 1024 * 1024, ge=1024)

    @field_validator("base_url")
    @classmethod
    def _https_unless_loopback(cls, url: str | None) -> str | None:
        if url is None:
            return None
        scheme, separator, rest = url.partition("://")
        authority = rest.partition("/")[0]
        if "@" in authority or "?" in rest or "#" in rest:
            raise ValueError("must hold no credentials, query or fragment")
        host = authority.rpartition(":")[0] if authority.rpartition(":")[2].isdigit() else authority
        if not separator or not host or scheme not in ("http", "https"):
            raise ValueError("must be an https URL")
        if scheme != "https" and host.strip("[]") not in LOOPBACK:
            raise ValueError("must be https unless its host is loopback")
        return url.rstrip("/")

    @property
    def configured(self) -> bool:
        """Whether enough is set to ask the vendor."""
        return False


class BespotSettings(VendorSettings):
    """Bespot Analytics and People Counter. `base_url` includes `/api` (quirk B3).

    `session_window`: how the vendor selects sessions; its own count is only trusted as a total while `start`.
    `window_margin`: seconds added to the upper bound, for a vendor that selects by end (rules.md 17).
    `stale_after`: seconds after which a session without an end is STALE. `publish_lag`: seconds the people counter
    takes after each quarter hour. `settle`: seconds after a bucket's end until it is final. `carry_forward`: seconds a
    measured occupancy holds at most.
    """

    username: str | None = None
    password: SecretStr | None = None
    session_window: Literal["start", "end", "overlap", "contain"] = "start"
    window_margin: float = Field(default=0, ge=0)
    stale_after: float = Field(default=12 * 3600, gt=0)
    publish_lag: float = Field(default=120, ge=0)
    settle: float = Field(default=1800, ge=0)
    carry_forward: float = Field(default=900, gt=0)

    @property
    def configured(self) -> bool:
        return bool(self.base_url and self.username and self.password)


class ShopsterSettings(VendorSettings):
    """Shopster. `local_times`: the `Z` of its times is the object's own wall clock (quirk S8)."""

    token: SecretStr | None = None
    local_times: bool = True

    @property
    def configured(self) -> bool:
        return bool(self.base_url and self.token)


class OkubeSettings(VendorSettings):
    """Okube. An API key, or login and password. `routes` overrides single routes of the adapter's table (rules.md 26).

    `coordinates`: order of the two numbers on the wire (quirk O25).
    """

    api_key: SecretStr | None = None
    login: SecretStr | None = None
    password: SecretStr | None = None
    login_path: str = "/authenticate"
    application: str | None = None
    applications: tuple[str, ...] = ()
    routes: dict[str, str] = Field(default_factory=dict)
    coordinates: Literal["lng,lat", "lat,lng"] = "lng,lat"

    @field_validator("applications", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return comma_separated(value)

    @property
    def configured(self) -> bool:
        return bool(self.base_url and (self.api_key or (self.login and self.password)))


class GuestWifiSettings(VendorSettings):
    """Guest Wi-Fi. The credential's header is undocumented, so name and prefix can be set (quirk G16).

    `longest_stay_days` and `margin_days` widen the vendor's day filters (rules.md 17); `size_base` is the thousand of
    its kB and MB (quirk G6).
    """

    token: SecretStr | None = None
    token_header: str = "Authorization"  # noqa: S105  # a header's name
    token_prefix: str = "Bearer "  # noqa: S105
    requests_per_minute: int | None = Field(default=60, ge=1)
    longest_stay_days: int = Field(default=2, ge=0, le=365)
    margin_days: int = Field(default=1, ge=1, le=30)
    size_base: Literal[1000, 1024] = 1000

    @property
    def configured(self) -> bool:
        return bool(self.base_url and self.token)


class VendorsSettings(BaseModel):
    """One section per vendor."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bespot: BespotSettings = BespotSettings()
    shopster: ShopsterSettings = ShopsterSettings()
    okube: OkubeSettings = OkubeSettings()
    guest_wifi: GuestWifiSettings = GuestWifiSettings()


class JwtSettings(BaseModel):
    """Tokens of one issuer are accepted where all three are set. `jwks_url` is where its keys lie (rules.md 37)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: str | None = Field(default=None, min_length=1)
    audience: str | None = Field(default=None, min_length=1)
    jwks_url: str | None = None

    @field_validator("jwks_url")
    @classmethod
    def _https_unless_loopback(cls, url: str | None) -> str | None:
        if url is None:
            return None
        try:
            parts = urlsplit(url)
            secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        except ValueError:
            secure = False
        if not secure or not parts.hostname or parts.username is not None or parts.fragment:
            raise ValueError("must be an https URL without credentials or fragment (http: loopback only)")
        return url

    @model_validator(mode="after")
    def _all_or_none(self) -> JwtSettings:
        if len({part is None for part in (self.issuer, self.audience, self.jwks_url)}) > 1:
            raise ValueError("ISSUER, AUDIENCE and JWKS_URL belong together")
        return self


class LimitsSettings(BaseModel):
    """How large one operation may be (execution/limits.py): above is QUERY_TOO_COMPLEX. `errors` caps what is listed.

    Of the text: `characters`, `tokens`, `depth`, `selections`, `repeats` of one field, `aliases`, `directives`,
    `fragments`, `operations`. `variables` is in characters, and ten for every value. Of the answer, computed before
    anything runs: `rows`, `values`, and `calls` to any one vendor.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    characters: int = Field(default=200_000, ge=1)
    tokens: int = Field(default=10_000, ge=1)
    depth: int = Field(default=20, ge=1, le=200)
    selections: int = Field(default=2_000, ge=1)
    repeats: int = Field(default=50, ge=0)
    aliases: int = Field(default=100, ge=0)
    directives: int = Field(default=100, ge=0)
    fragments: int = Field(default=75, ge=0)
    operations: int = Field(default=20, ge=1)
    variables: int = Field(default=500_000, ge=1)
    errors: int = Field(default=100, ge=1)
    rows: int = Field(default=250_000, ge=1)
    values: int = Field(default=2_500_000, ge=1)
    calls: int = Field(default=1_000, ge=1)


class StreamsSettings(BaseModel):
    """Subscriptions. `most`: sockets and event streams of one process; `per_socket`: operations of one socket.

    In seconds: `init_timeout` until a socket has introduced itself, `heartbeat` between signs of life, `sessions_every`
    between two looks for new sessions.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    most: int = Field(default=5_000, ge=1)
    per_socket: int = Field(default=100, ge=1)
    init_timeout: float = Field(default=3.0, gt=0, le=600)
    heartbeat: float = Field(default=15.0, gt=0, le=600)
    sessions_every: float = Field(default=60.0, ge=1, le=3600)


class Settings(BaseModel):
    """All settings. Names and meanings: docs/configuration.md. Made from values only: `load` reads the sources.

    `cache_url` may hold a password. `cache_bytes`: what one process keeps in memory, roughly. `replicas`: how many
    processes share the vendors' quotas while the shared store is away (rules.md 46).
    `requests_per_minute` bounds callers whose key names no rate. `small_counts`: counts of distinct people below it are
    withheld; 0 withholds none. `header_timeout`, `keep_alive`, `send_timeout` are seconds a connection may take to send
    a request's head, to stay without one, and to take an answer. `trusted_proxies` are addresses and networks whose
    Forwarded headers are believed. `subgraph`: whether a router may ask for entities. `played`: vendors whose section
    points to a simulator that another process of this gateway hosts. Internal.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    config: Path | None = None
    sites: Path | None = None
    sandbox: SandboxMode = SandboxMode.AUTO
    vendors: VendorsSettings = VendorsSettings()
    anonymous_scopes: tuple[str, ...] | None = None
    api_keys: Path | None = None
    jwt: JwtSettings = JwtSettings()
    pseudonym_key: SecretStr | None = None
    cursor_keys: tuple[SecretStr, ...] = ()
    request_timeout: float = Field(default=10.0, gt=0)
    export_timeout: float = Field(default=3600.0, gt=0)
    page_size: int = Field(default=50, ge=1, le=1000)
    max_body_bytes: int = Field(default=1_000_000, ge=1024)
    max_upload_bytes: int = Field(default=10_000_000, ge=1024)
    max_concurrent_requests: int = Field(default=500, ge=1)
    limits: LimitsSettings = LimitsSettings()
    streams: StreamsSettings = StreamsSettings()
    requests_per_minute: int | None = Field(default=None, ge=1)
    small_counts: int = Field(default=0, ge=0, le=1000)
    trusted_documents: Path | None = None
    trusted_documents_only: bool = False
    persisted_queries: bool = True
    cors_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    header_timeout: float = Field(default=10.0, gt=0, le=600)
    keep_alive: float = Field(default=75.0, ge=0, le=3600)
    send_timeout: float = Field(default=30.0, gt=0, le=3600)
    drain_seconds: float = Field(default=5.0, ge=0)
    cache: Literal["on", "coalesce", "off"] = "on"
    cache_url: SecretStr = SecretStr("memory://")
    cache_bytes: int = Field(default=128 * 1024 * 1024, ge=1024 * 1024)
    replicas: int = Field(default=1, ge=1, le=1000)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    metrics_open: bool = False
    otlp_endpoint: str | None = None
    subgraph: bool = False
    played: tuple[str, ...] = ()

    @field_validator("anonymous_scopes", "cors_origins", "cursor_keys", "played", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return comma_separated(value)

    @field_validator("cache_url")
    @classmethod
    def _known_store(cls, url: SecretStr) -> SecretStr:
        scheme, separator, rest = url.get_secret_value().partition("://")
        if not separator or scheme not in STORES or (scheme != "memory" and not rest.strip("/")):
            raise ValueError("must be memory://, redis[s]://host:port/db or redis[s]-cluster://host:port")
        return url

    @field_validator("otlp_endpoint")
    @classmethod
    def _collector(cls, url: str | None) -> str | None:
        if url is not None and not COLLECTOR.fullmatch(url):
            raise ValueError("must be http://host:port or https://host:port, without credentials or query")
        return url

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        if any(not ORIGIN.fullmatch(origin) for origin in origins):
            raise ValueError("an origin is written https://host or https://host:port, without a path; `*` is not one")
        return tuple(origin.lower() for origin in origins)

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in proxies:
            try:
                ip_network(proxy, strict=False)
            except ValueError:
                raise ValueError("each is an IP address or a network such as 10.0.0.0/8") from None
        return proxies

    @model_validator(mode="after")
    def _only_needs_documents(self) -> Settings:
        if self.trusted_documents_only and self.trusted_documents is None:
            raise ValueError("GATEWAY_TRUSTED_DOCUMENTS: required where GATEWAY_TRUSTED_DOCUMENTS_ONLY is true")
        return self

    @field_validator("pseudonym_key")
    @classmethod
    def _thirty_two_bytes(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None:
            try:
                raw = bytes.fromhex(key.get_secret_value())
            except ValueError:
                raw = b""
            if len(raw) != 32:
                raise ValueError("must be 32 bytes as 64 hexadecimal digits")
        return key

    @model_validator(mode="after")
    def _live_needs_a_key(self) -> Settings:
        if not self.simulated and self.pseudonym_key is None:
            raise ValueError("GATEWAY_PSEUDONYM_KEY: required outside the sandbox (32 bytes as hexadecimal digits)")
        return self

    @property
    def simulated(self) -> frozenset[str]:
        """Folders of the vendors the simulators play (configuration.md, GATEWAY_SANDBOX)."""
        if self.played:
            return frozenset(self.played)
        every = frozenset(VendorsSettings.model_fields)
        configured = frozenset(name for name in every if getattr(self.vendors, name).configured)
        if self.sandbox is SandboxMode.ALL:
            return every
        return every if self.sandbox is SandboxMode.AUTO and not configured else frozenset()


def comma_separated(value: object) -> object:
    """`a, b` as a list of texts; anything else unchanged."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def load(config: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """The environment first, then secret files, then the TOML file. Raises ConfigurationError with one line.

    `config` wins over GATEWAY_CONFIG; secret files lie in GATEWAY_SECRETS_DIR, each named like its variable.
    """
    variables = dict(os.environ if environment is None else environment)
    chosen = config or (Path(variables["GATEWAY_CONFIG"]) if variables.get("GATEWAY_CONFIG") else None)
    secrets = variables.pop("GATEWAY_SECRETS_DIR", None)
    merged = _toml(chosen) if chosen else {}
    for source in (_files(Path(secrets)) if secrets else {}, variables):
        merged = _merged(merged, _nested(source))
    _refuse_unknown(merged)
    try:
        return Settings.model_validate({**merged, "config": chosen})
    except ValidationError as error:
        raise ConfigurationError(_line(error)) from None


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"GATEWAY_CONFIG: the file cannot be read ({error.strerror})") from None
    except ValueError as error:  # of TOML and of UTF-8; only the place is told, the text may hold a secret
        place = re.search(r"\(at (line \d+, column \d+|end of document)\)", str(error))
        raise ConfigurationError(
            f"GATEWAY_CONFIG: not TOML in UTF-8 {place.group() if place else ''}".rstrip()
        ) from None


def _files(folder: Path) -> dict[str, str]:
    try:
        paths = [path for path in folder.iterdir() if path.name.upper().startswith(PREFIX) and path.is_file()]
        return {path.name: path.read_text(encoding="utf-8").rstrip("\r\n") for path in paths}
    except OSError as error:
        raise ConfigurationError(f"GATEWAY_SECRETS_DIR: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ConfigurationError("GATEWAY_SECRETS_DIR: a file is not text in UTF-8") from None


def _nested(variables: Mapping[str, str]) -> dict[str, Any]:
    """`GATEWAY_VENDORS__BESPOT__TOKEN=…` as tables. What Kubernetes sets for a service named gateway is not ours."""
    tables: dict[str, Any] = {}
    for name, value in variables.items():
        upper = name.upper()
        if not upper.startswith(PREFIX) or KUBERNETES.fullmatch(upper):
            continue
        *parents, leaf = upper.removeprefix(PREFIX).lower().split("__")
        table = tables
        for parent in parents:
            inner = table.setdefault(parent, {})
            if not isinstance(inner, dict):
                raise ConfigurationError(f"{upper}: stands beside a setting of a part of its name")
            table = inner
        table[leaf] = value
    return tables


def _merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for name, value in over.items():
        below = merged.get(name)
        merged[name] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _refuse_unknown(values: dict[str, Any]) -> None:
    known = set(_names(Settings, PREFIX))
    free = tuple(f"{name}__" for name in known if name.endswith("__ROUTES"))
    for name in _leaves(values, PREFIX):
        if name not in known and not name.startswith(free):
            nearest = difflib.get_close_matches(name, sorted(known - {"GATEWAY_PLAYED"}), n=1, cutoff=0)[0]
            raise ConfigurationError(f"{ascii(name)[1:-1]}: there is no such setting; did you mean {nearest}?")


def _names(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _names(inner, f"{prefix}{name.upper()}__")
        else:
            yield prefix + name.upper()


def _leaves(values: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{name.upper()}__")
        else:
            yield prefix + name.upper()


def _line(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    if message.startswith(PREFIX):
        return message
    name = PREFIX + "__".join(part.upper() for part in first["loc"] if isinstance(part, str))
    return f"{name}: {message if message[:2].isupper() else message[0].lower() + message[1:]}"
