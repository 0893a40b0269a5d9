"""Every configuration key with its type, range and default; the only place that states them."""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import Annotated, Final, Literal, NamedTuple, Self

from msgspec import Meta, Struct

from heroku_syslogd.credentials import bcrypt_problem
from heroku_syslogd.heroku import Kind

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h|d)")
_ADDRESS: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]*|\*):([0-9]{1,5})")

_URL_CHARACTER: Final = r"[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2}"
_URL: Final = re.compile(
    r"https?://(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9_.-]+))(?::([0-9]{1,5}))?"
    rf"(?:/(?:{_URL_CHARACTER})*)?(?:\?(?:{_URL_CHARACTER}|\?)*)?"
)
_URL_USER: Final = re.compile(r"https?://[^/?#]*@", re.IGNORECASE)
_HOST_LABEL: Final = re.compile(r"[A-Za-z0-9_-]{1,63}")
_HEADER_VALUE: Final = re.compile(r"[!-~](?:[ -~\t]{0,4094}[!-~])?")

PositiveInt = Annotated[int, Meta(ge=1)]


def is_host(text: str, *, is_ipv6: bool = False) -> bool:
    """Return whether a text is an address or a host name (RFC 1123, section 2.1, and ``_``).

    Args:
        text: The text.
        is_ipv6: Whether it has to be an IPv6 address, and may not be anything else.
    """
    labels = text.removesuffix(".").split(".")
    try:
        if is_ipv6:
            return bool(ipaddress.IPv6Address(text))
        if labels[-1].isdigit():  # no domain is a number: this is meant to be an address
            return bool(ipaddress.IPv4Address(text))
    except ValueError:
        return False
    return len(text) <= 253 and all(_HOST_LABEL.fullmatch(label) for label in labels)


class Duration(float):
    """A duration in seconds, written as ``"90s"``, ``"2m"`` or ``"1.5h"``."""

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read a duration.

        Raises:
            ValueError: It is none; the message says what was expected.
        """
        match = _DURATION.fullmatch(value) if isinstance(value, str) else None
        if match is None or float(match[1]) == 0:
            raise ValueError('expected a duration above zero, such as "90s", "2m" or "1h"')
        return cls(float(match[1]) * _UNITS[match[2]])


class Address(NamedTuple):
    """Where to listen: an IP address or host name, and a port (0: any free one)."""

    host: str
    port: int

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read ``HOST:PORT``, ``[IPv6]:PORT``, or ``*:PORT`` for every IPv4 address.

        Raises:
            ValueError: It is none; the message says what was expected.
        """
        match = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
        if match is None or int(match[2]) > 65535:
            raise ValueError('expected "HOST:PORT", such as "127.0.0.1:5140" or "[::1]:5140"')
        host = match[1].strip("[]")
        return cls("0.0.0.0" if host in ("", "*") else host, int(match[2]))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Network(NamedTuple):
    """A block of addresses in CIDR form."""

    block: ipaddress.IPv4Network | ipaddress.IPv6Network

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read ``10.0.0.0/8``, ``2001:db8::/32``, or one address.

        Raises:
            ValueError: It is none; the message says what was expected.
        """
        try:
            if isinstance(value, str):
                return cls(ipaddress.ip_network(value))
        except ValueError:
            pass
        raise ValueError('expected a CIDR block without host bits, such as "10.0.0.0/8"')

    def __str__(self) -> str:
        return str(self.block)


class PasswordHash(str):
    """A bcrypt hash. Not shown in any message: it may be a password by mistake."""

    __slots__ = ()
    is_secret = True

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read a bcrypt hash.

        Raises:
            ValueError: It is none; the message says what is wrong without quoting it.
        """
        problem = bcrypt_problem(value) if isinstance(value, str) else "expected a string"
        if problem:
            raise ValueError(problem)
        return cls(value)

    def __repr__(self) -> str:
        return "PasswordHash(...)"


class RemoteWriteURL(str):
    """Where requests of remote write go. Its query is never shown: keys may stand there."""

    __slots__ = ()
    is_secret = True

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read an ``http`` or ``https`` URL, its escapes as they are to be sent (RFC 3986).

        Raises:
            ValueError: It is none; the message says what was expected, without quoting it.
        """
        if isinstance(value, str) and _URL_USER.match(value):
            raise ValueError("expected no user and no password in it: see user and password_file")
        match = _URL.fullmatch(value) if isinstance(value, str) else None
        if (
            match is None
            or not is_host(match[1] or match[2], is_ipv6=bool(match[1]))
            or not 0 < int(match[3] or 1) <= 65535
        ):
            raise ValueError('expected a URL, such as "https://HOST:PORT/api/v1/write"')
        return cls(value)

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS is spoken there."""
        return self.startswith("https:")

    @property
    def query(self) -> str:
        """What follows the question mark."""
        return self.partition("?")[2]

    @property
    def shown(self) -> str:
        """The URL for people."""
        return f"{self.partition('?')[0]}?..." if self.query else str(self)

    def __repr__(self) -> str:
        return repr(self.shown)


class HeaderValue(str):
    """Value of an HTTP header. Not shown in any message: it may be a key."""

    __slots__ = ()
    is_secret = True

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read a value of visible ASCII, with blanks inside (RFC 9110, section 5.5).

        Raises:
            ValueError: It is none; the message says what was expected, without quoting it.
        """
        if not (isinstance(value, str) and _HEADER_VALUE.fullmatch(value)):
            raise ValueError("expected 1 to 4096 characters of ASCII, no blanks around them")
        return cls(value)

    def __repr__(self) -> str:
        return "HeaderValue(...)"


class LogConfig(Struct, frozen=True, kw_only=True):
    """``[log]``: the daemon's own log."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = "auto"


class QueueConfig(Struct, frozen=True, kw_only=True):
    """``[queue]``: the queue between the listeners and the workers."""

    max_messages: PositiveInt = 50_000
    max_bytes: PositiveInt = 16 * 2**20
    workers: Annotated[int, Meta(ge=1, le=64)] = 2


class LimitsConfig(Struct, frozen=True, kw_only=True):
    """``[limits]``: what a peer may cost."""

    max_frame_bytes: Annotated[int, Meta(ge=1024, le=9_999_999)] = 65536
    max_connections: PositiveInt = 1000
    max_connections_per_peer: PositiveInt = 250
    idle_timeout: Duration = Duration(600)
    handshake_timeout: Duration = Duration(10)
    request_timeout: Duration = Duration(15)
    max_body_bytes: Annotated[int, Meta(ge=1024, le=2**30)] = 2**20
    fault_budget: PositiveInt = 100
    max_series: Annotated[int, Meta(ge=100)] = 200_000
    max_apps: PositiveInt = 1000


class DynosConfig(Struct, frozen=True, kw_only=True):
    """``[dynos]``: per-dyno metrics."""

    expire_after: Duration = Duration(120)


class AddonsConfig(Struct, frozen=True, kw_only=True):
    """``[addons]``: metrics of add-ons."""

    expire_after: Duration = Duration(300)


class AppMetricsConfig(Struct, frozen=True, kw_only=True):
    """``[app_metrics]``: metrics that applications print (l2met)."""

    max_series: PositiveInt = 20_000
    expire_after: Duration = Duration(3600)


class EventsConfig(Struct, frozen=True, kw_only=True):
    """``[events]``: structured events."""

    path: str | None = None
    format: Literal["timber"] = "timber"
    kinds: tuple[Kind, ...] = tuple(Kind)
    max_queue_bytes: PositiveInt = 8 * 2**20


class AdminConfig(Struct, frozen=True, kw_only=True):
    """``[admin]``: the server of ``/metrics``."""

    address: Address = Address("127.0.0.1", 9842)
    certificate: str | None = None
    key: str | None = None
    client_ca: str | None = None
    users: dict[str, PasswordHash] = {}


class ListenerConfig(Struct, frozen=True, kw_only=True):
    """``[[listener]]``: one socket that drains send to.

    Either ``address`` or ``systemd`` (the ``FileDescriptorName=`` of a socket unit) is given.
    ``name`` is the ``listener`` label of the metrics. ``reuse_port`` shares the address with other
    processes (``SO_REUSEPORT``, socket(7)).
    """

    type: Literal["tcp", "tls", "udp", "http", "https"]
    address: Address | None = None
    systemd: str | None = None
    reuse_port: bool = False
    name: str | None = None
    certificate: str | None = None
    key: str | None = None
    client_ca: str | None = None
    path: str | None = None
    allow: tuple[Network, ...] = ()
    proxy_protocol: bool = False
    proxies: tuple[Network, ...] = ()

    @property
    def label(self) -> str:
        """Value of the ``listener`` label: the name, else the systemd name, else the type."""
        return self.name or self.systemd or self.type

    @property
    def where(self) -> str:
        """Where it listens, for people."""
        return str(self.address) if self.address else f"systemd socket {self.systemd!r}"

    @property
    def is_encrypted(self) -> bool:
        """Whether its peers speak TLS."""
        return self.type in ("tls", "https")

    @property
    def is_http(self) -> bool:
        """Whether its peers post Logplex batches."""
        return self.type in ("http", "https")

    @property
    def drain_path(self) -> str:
        """Path that batches are posted to."""
        return self.path or DEFAULT_PATH


class CredentialConfig(Struct, frozen=True, kw_only=True):
    """``[[credentials]]``: who may post batches, by basic authentication (RFC 7617).

    Either ``password_hash`` (bcrypt) or ``password_file`` is given. ``app`` is the application of
    batches that no configured drain token names.
    """

    user: str
    password_hash: PasswordHash | None = None
    password_file: str | None = None
    app: str | None = None


class RemoteWriteConfig(Struct, frozen=True, kw_only=True):
    """``[remote_write]``: sends samples to a receiver of Prometheus remote write 1.0.

    There is none without ``url``. Either ``user`` and ``password_file`` are given, or
    ``bearer_token_file``, or none of them.
    """

    url: RemoteWriteURL | None = None
    interval: Duration = Duration(15)
    batch_samples: Annotated[int, Meta(ge=1, le=100_000)] = 2000
    batch_age: Duration = Duration(1)
    directory: str | None = None
    max_memory_bytes: Annotated[int, Meta(ge=2**16)] = 16 * 2**20
    max_disk_bytes: Annotated[int, Meta(ge=2**20)] = 2**30
    instance: str | None = None
    user: str | None = None
    password_file: str | None = None
    bearer_token_file: str | None = None
    ca_file: str | None = None
    certificate: str | None = None
    key: str | None = None
    server_name: str | None = None
    insecure_skip_verify: bool = False
    timeout: Duration = Duration(10)
    min_backoff: Duration = Duration(1)
    max_backoff: Duration = Duration(30)
    external_labels: dict[str, str] = {}
    headers: dict[str, HeaderValue] = {}

    @property
    def instance_label(self) -> str:
        """Value of the ``instance`` label: what is configured, else the name of this host."""
        return self.instance or socket.gethostname()


class DrainsConfig(Struct, frozen=True, kw_only=True):
    """``[drains]``: which application a drain belongs to, by drain token."""

    unknown: Literal["label", "reject"] = "label"
    tokens: dict[str, str] = {}


DEFAULT_PATH: Final = "/logplex"

DEFAULT_LISTENERS: Final = (
    ListenerConfig(type="tcp", address=Address("127.0.0.1", 5140)),
    ListenerConfig(type="udp", address=Address("127.0.0.1", 5140)),
)


class Config(Struct, frozen=True, kw_only=True):
    """A whole configuration file."""

    log: LogConfig = LogConfig()
    queue: QueueConfig = QueueConfig()
    limits: LimitsConfig = LimitsConfig()
    dynos: DynosConfig = DynosConfig()
    addons: AddonsConfig = AddonsConfig()
    app_metrics: AppMetricsConfig = AppMetricsConfig()
    events: EventsConfig = EventsConfig()
    remote_write: RemoteWriteConfig = RemoteWriteConfig()
    admin: AdminConfig = AdminConfig()
    listener: tuple[ListenerConfig, ...] = DEFAULT_LISTENERS
    drains: DrainsConfig = DrainsConfig()
    credentials: tuple[CredentialConfig, ...] = ()
