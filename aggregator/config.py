"""The aggregator's configuration: ``aggregator.toml``."""

import os
import re
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from aggregator.core.expectation import RECONNECT_LIMIT_S
from aggregator.core.incidents.pushing import HOLD_S, RESEND_S
from aggregator.core.liveness import AWAY_LIMIT_S
from venuewatch.base import config
from venuewatch.base.config import ConfigError, KeepaliveS, Name, Seconds
from venuewatch.base.exercise import Exercise
from venuewatch.base.refusals import RefusedError, convert

ListenAddress = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A(\[[0-9A-Fa-f:.]+\]|[^:\[\]\x00-\x20]*):[0-9]{1,5}\Z",
        extra={"words": "an address and a port, as in 127.0.0.1:8039", "is_shown": True},
    ),
]
Host = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]{1,253})\Z",
        extra={"words": "a host's name or address without a port, IPv6 in brackets"},
    ),
]
_PORT_MAX = 65_535
_EVERYWHERE = frozenset({None, "0.0.0.0", "::"})  # noqa: S104 - nothing is bound
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ALERT_LABELS = frozenset({"alertname", "severity", "venue", "host", "check", "instance", "role"})


def host_and_port(listen_address: str) -> tuple[str | None, int]:
    """Split a listen address into host and port; the host None is every interface."""
    host, _, port = listen_address.rpartition(":")
    return host.strip("[]") or None, int(port)


class Connection(config.Broker, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A connection to the broker.

    ``keepalive_s``: it ends a silent connection after 1.5 times this (MQTT 5, 3.1.2.10).
    ``sys_topics``: it publishes under ``$SYS``, as Mosquitto does, how many messages it dropped.
    """

    keepalive_s: KeepaliveS = 5
    sys_topics: bool = True

    @property
    def user(self) -> tuple[str | None, str | None]:
        """Who connects, as the broker sees it: by a name or by a certificate."""
        return self.username, self.cert_file


_USER = ("username", "password_file", "cert_file", "key_file")


class Bulk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The connection for readings; None is as in ``[broker]``, but for the user and its secrets."""

    address: str | None = None
    port: config.Port | None = None
    tls: bool | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    username: str | None = None
    password_file: str | None = None
    reconnect_max_s: Seconds | None = None
    keepalive_s: KeepaliveS | None = None


class Broker(Connection, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The broker, and the connection on which life is heard.

    ``bulk``: the one for readings. Its user is another one, since a broker may let one user connect
    only once. ``crl_file``: its lists of revoked certificates, of which /metrics says the end.
    """

    bulk: Bulk = Bulk()
    crl_file: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        try:
            own = self.bulk_connection().user
        except ValueError as error:
            raise ValueError(f"{error} in `bulk`") from None
        if self.user != (None, None) and own in {self.user, (None, None)}:
            who = "cert_file" if self.username is None else "username"
            raise ValueError(
                f"Expected `bulk` to have a `{who}` of its own: as one user, the two connections "
                "of the aggregator would throw each other out"
            )

    def bulk_connection(self) -> Connection:
        """Return the connection for readings.

        Raises:
            ValueError: ``bulk`` does not fit what it takes from here.
        """
        names = Connection.__struct_fields__
        here = {name: getattr(self, name) for name in names if name not in _USER}
        said = msgspec.structs.asdict(self.bulk).items()
        return Connection(**{**here, **{name: value for name, value in said if value is not None}})


class Web(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The HTTP server; an empty host in ``listen_address`` means every interface.

    ``external_url``: under which people and programs reach it, as through a proxy; it may have a
    path. ``config_file``: TLS and users, in the exporters' format (``shell/http/web_config.py``).
    ``timestamps``: measured samples carry the time of their reading; needs Prometheus 2.48.
    ``max_pages``: how many pages and programs may follow the events at a time, beside
    ``max_connections`` others. ``proxies``: the addresses, or networks, of reverse proxies whose
    ``X-Forwarded-For`` is believed. ``allowed_hosts``: further names under which page and API may
    be asked for (``shell/http/hosts.py``). ``grafana_url``: the dashboard of a host, to which its
    page links; it gets ``var-venue`` and ``var-host``.
    """

    listen_address: ListenAddress = "127.0.0.1:8039"
    external_url: str = ""
    config_file: str = ""
    timestamps: bool = False
    max_pages: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 500
    max_connections: Annotated[int, msgspec.Meta(ge=8, le=60_000)] = 1_000
    proxies: tuple[str, ...] = ()
    allowed_hosts: tuple[Host, ...] = ()
    grafana_url: str = ""

    def __post_init__(self) -> None:
        if (port := host_and_port(self.listen_address)[1]) > _PORT_MAX:
            raise ValueError(f"Expected a port up to {_PORT_MAX}, got {port}")
        if self.external_url and not _is_external_url(self.external_url):
            raise ValueError(
                "Expected `external_url` to be an http or https address, perhaps with a path"
            )
        dashboard, _, query = self.grafana_url.partition("?")
        if self.grafana_url and not (_is_external_url(dashboard) and _is_plain(query)):
            raise ValueError("Expected `grafana_url` to be an http or https address")
        if not all(map(_is_network, self.proxies)):
            raise ValueError("Expected `proxies` to be addresses or networks, as in 192.0.2.1")


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _is_plain(text: str) -> bool:
    """Tell whether a text can stand in an address as it is."""
    return text.isascii() and text.isprintable() and not set(text) & set(" <>\"'\\")


def _is_external_url(url: str) -> bool:
    """Tell whether links can be made by adding a path: no user, no query, nothing odd."""
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    is_plain = _is_plain(url) and not set(url) & set("@?#")
    return is_whole and is_plain and parts.scheme in {"http", "https"}


class Detection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits of the verdicts.

    ``away_limit_s``: so long (s) a host stays ``away``. ``reconnect_limit_s``: the longest wait (s)
    between two attempts of an agent that its grace allows for.
    """

    away_limit_s: Seconds = AWAY_LIMIT_S
    reconnect_limit_s: Seconds = RECONNECT_LIMIT_S


class JournalConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The journal, which keeps closed incidents and late readings for ``keep_days`` of its running.

    Without a ``path`` it is ``journal.sqlite`` in ``$STATE_DIRECTORY``, else beside this file.
    ``max_bytes``: on disk, with its WAL; past that the oldest late readings are dropped first.
    """

    path: str = ""
    keep_days: Annotated[float, msgspec.Meta(gt=0, le=3_650)] = 30.0
    max_bytes: Annotated[int, msgspec.Meta(ge=2**20)] = 2 * 2**30

    def __post_init__(self) -> None:
        if "\0" in self.path:
            raise ValueError("Expected `path` to be a path, got one with a zero byte")


class Notify(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The webhook that gets notices of incidents; there is none without a ``webhook_url``.

    ``timeout_s``: the longest time of one attempt; ``retry_max_s``: the longest wait between two.
    ``ca_file``: PEM file of the authorities to trust instead of the system's.
    """

    webhook_url: str | None = None
    timeout_s: Seconds = 5.0
    retry_max_s: Seconds = 4.0
    bearer_token_file: str | None = None
    ca_file: str | None = None

    def __post_init__(self) -> None:
        if self.webhook_url is None:
            for name in ("bearer_token_file", "ca_file"):
                if getattr(self, name) is not None:
                    raise ValueError(f"Expected `webhook_url` beside `{name}`")
            return
        try:
            parts = urlsplit(self.webhook_url)
            is_right = bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_right = False
        if not is_right or parts.scheme not in {"http", "https"} or not self.webhook_url.isascii():
            # The value is not shown: it may contain a secret.
            raise ValueError("Expected `webhook_url` to be an http or https address")
        if self.ca_file is not None and parts.scheme != "https":
            raise ValueError("Expected `webhook_url` to begin with https:// beside `ca_file`")
        if parts.username is not None and self.bearer_token_file is not None:
            raise ValueError("Expected one of a user in `webhook_url` and `bearer_token_file`")


class Receiver(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What another server wants of us; ``timeout_s``, ``retry_max_s``, ``ca_file``: see ``Notify``.

    Secrets are read anew for each request.
    """

    timeout_s: Seconds = 5.0
    retry_max_s: Seconds = 10.0
    username: str | None = None
    password_file: str | None = None
    bearer_token_file: str | None = None
    ca_file: str | None = None

    def check_user(self) -> None:
        """Check that there is one way at most to say who we are.

        Raises:
            ValueError: a line for the operator.
        """
        if (self.username is None) != (self.password_file is None):
            raise ValueError("Expected `username` and `password_file` together")
        if self.username is not None and ":" in self.username:
            raise ValueError("Expected `username` to have no colon")
        if self.username is not None and self.bearer_token_file is not None:
            raise ValueError("Expected one of `username` and `bearer_token_file`")


class Alertmanager(Receiver, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The Alertmanagers to which incidents are pushed; there are none without ``urls``.

    Each gets every alert. ``labels`` are added to each alert. ``runbooks_url``: where the pages of
    ``docs/runbooks/`` are served. ``resend_s``: how often (s) an alert is pushed again while it is
    open. ``ends_after_s``: how long (s) after the last push an Alertmanager ends it by itself.
    """

    urls: tuple[str, ...] = ()
    retry_max_s: Seconds = 4.0
    labels: dict[str, str] = {}
    runbooks_url: str = ""
    resend_s: Seconds = RESEND_S
    ends_after_s: Seconds = HOLD_S

    def __post_init__(self) -> None:
        if not all(_is_external_url(url) for url in self.urls):
            raise ValueError("Expected `urls` to be http or https addresses, without a user")
        if len(set(self.urls)) < len(self.urls):
            raise ValueError("Expected each of `urls` once")
        if self.ca_file is not None and not all(url.startswith("https:") for url in self.urls):
            raise ValueError("Expected `urls` to begin with https:// beside `ca_file`")
        if self.runbooks_url and not _is_external_url(self.runbooks_url):
            raise ValueError("Expected `runbooks_url` to be an http or https address")
        if self.ends_after_s < 2.0 * self.resend_s:
            raise ValueError("Expected `ends_after_s` to be twice `resend_s` at least")
        self.check_user()
        if not all(_LABEL.fullmatch(name) and name not in _ALERT_LABELS for name in self.labels):
            others = ", ".join(sorted(_ALERT_LABELS))
            raise ValueError(f"Expected names for `labels` that Prometheus takes, none of {others}")


class RemoteWriteLabels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The labels that Prometheus' two jobs give to what they scrape, beside those of the page.

    ``job`` is that of the shipped files unless it is named. ``instance`` of ``checks`` is the
    aggregator as the job lists it: ``listen_address`` unless it is named.
    """

    vitals: dict[str, str] = {}
    checks: dict[str, str] = {}

    def __post_init__(self) -> None:
        for labels in (self.vitals, self.checks):
            if not all(_LABEL.fullmatch(name) and name != "__name__" for name in labels):
                raise ValueError("Expected names of labels that Prometheus takes")


class RemoteWrite(Receiver, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The remote-write receiver that gets late readings; there is none without a ``url``.

    It needs ``[web] timestamps``. Without them a reading has the time of the scrape, and the next
    one may have been taken before that: in Prometheus a counter would step back.

    ``window_s``: samples older than this (s) are dropped. It is Prometheus'
    ``out_of_order_time_window``.
    """

    url: str = ""
    window_s: Annotated[float, msgspec.Meta(ge=1, le=31 * 86_400)] = 21_600.0
    labels: RemoteWriteLabels = RemoteWriteLabels()
    timeout_s: Seconds = 30.0

    def __post_init__(self) -> None:
        if self.url and not _is_external_url(self.url):
            raise ValueError("Expected `url` to be an http or https address, without a user")
        if self.ca_file is not None and not self.url.startswith("https:"):
            raise ValueError("Expected `url` to begin with https:// beside `ca_file`")
        self.check_user()


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file. ``name``: two aggregators need two names. No ``exercise``: all is real."""

    inventory: str = "inventory.toml"
    name: Name = "aggregator"
    broker: Broker = Broker()
    web: Web = Web()
    detection: Detection = Detection()
    journal: JournalConfig = JournalConfig()
    notify: Notify = Notify()
    alertmanager: Alertmanager = Alertmanager()
    remote_write: RemoteWrite = RemoteWrite()
    exercise: Exercise | None = None

    def __post_init__(self) -> None:
        if self.remote_write.url and not self.web.timestamps:
            why = "counters would step back else"
            raise ValueError(
                f"Expected `timestamps` of `web` to be true beside `remote_write`: {why}"
            )

    def job_labels(self) -> RemoteWriteLabels:
        """Return the labels that Prometheus' two jobs give, those that were left out among them.

        Raises:
            ConfigError: nobody has said how Prometheus names this aggregator.
        """
        said, listening = self.remote_write.labels, self.web.listen_address
        checks = {"job": "venuewatch", "instance": listening, **said.checks}
        if "instance" not in said.checks and host_and_port(listening)[0] in _EVERYWHERE:
            raise ConfigError(
                "expected [remote_write.labels] checks to have an instance: "
                f"Prometheus' target is another one than {listening}"
            )
        return RemoteWriteLabels({"job": "node", **said.vitals}, checks)


def read(path: Path, options: Mapping[str, str] = {}) -> Config:
    """Read and check a configuration; the files that it names are relative to it.

    ``options`` are fields of ``[web]`` that the command line says instead.

    Raises:
        ConfigError: one line with the place of the error and the expected value.
    """
    found = config.load(path, Config)
    web_file = found.web.config_file and str(path.parent / found.web.config_file)
    web = {**msgspec.structs.asdict(found.web), "config_file": web_file, **options}
    state = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    default = (Path(state) if state else path.parent) / "journal.sqlite"
    journal = str(path.parent / (found.journal.path or default))
    try:
        settings = msgspec.structs.replace(
            found,
            inventory=str(path.parent / found.inventory),
            journal=msgspec.structs.replace(found.journal, path=journal),
            web=convert(web, Web),
        )
    except RefusedError as error:
        raise ConfigError(str(error)) from None
    if settings.remote_write.url:
        try:
            settings.job_labels()
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from None
    return settings
