"""Which application a drain belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from heroku_syslogd.heroku import label_text

_TOKEN: Final = re.compile(rb"([dt]\.)([^ ]{0,8})")
_LONGEST_TOKEN: Final = 64
_NILVALUE: Final = b"-"
UNKNOWN_APP: Final = "unknown"
"""Label of messages that name no drain at all, as those of a plain syslog sender."""


class Refusal(StrEnum):
    """Why the messages of a drain are not counted. A closed vocabulary: it labels a metric."""

    UNKNOWN_DRAIN = "unknown_drain"
    """The drain is not configured, and ``drains.unknown`` is ``reject`` or it bears the name of an
    application that is."""
    APP_LIMIT = "app_limit"
    """The drain is not configured and ``limits.max_apps`` is reached."""


def redact_token(hostname: bytes) -> str:
    """Return a name for a drain that is safe to show: a token's first eight characters.

    Whoever knows a token can send lines in the app's name, so it is never shown whole.
    """
    match = _TOKEN.match(hostname)
    if match:
        return label_text(match[1] + match[2])
    return label_text(hostname) if hostname != _NILVALUE else UNKNOWN_APP


class DrainTable:
    """Maps drains to applications, and bounds how many unconfigured ones there can be.

    Args:
        tokens: Configured application by drain token.
        reject_unknown: Whether other drains are refused instead of labelled by their token.
        max_apps: Most unconfigured applications; configured ones always have their place.
        more_apps: Applications that the configuration names otherwise than by a token.

    Attributes:
        unknown: Unconfigured drains met so far.
    """

    def __init__(
        self,
        tokens: Mapping[str, str],
        *,
        reject_unknown: bool,
        max_apps: int,
        more_apps: Iterable[str] = (),
    ) -> None:
        self.unknown = 0
        self._labelled: set[str] = set()
        self._met: set[bytes] = set()
        self.configure(
            tokens, reject_unknown=reject_unknown, max_apps=max_apps, more_apps=more_apps
        )

    def configure(
        self,
        tokens: Mapping[str, str],
        *,
        reject_unknown: bool,
        max_apps: int,
        more_apps: Iterable[str] = (),
    ) -> frozenset[str]:
        """Take over a changed configuration.

        Returns:
            Labels of drains that it names now and that had a place among the others before.
        """
        self._apps = {token.encode(): app for token, app in tokens.items()}
        self._names = frozenset((*tokens.values(), *more_apps))
        self._reject_unknown = reject_unknown
        self._max_apps = max_apps
        promoted = self._names & self._labelled
        self._labelled -= promoted
        return promoted

    @property
    def strangers(self) -> frozenset[str]:
        """Labels of the unconfigured drains that have a place."""
        return frozenset(self._labelled)

    @property
    def is_full(self) -> bool:
        """Whether no further unconfigured drain has a place."""
        return len(self._labelled) >= self._max_apps

    def forget(self, label: str) -> None:
        """Give the place of an unconfigured drain to another one."""
        self._labelled.discard(label)

    def is_configured(self, app: str) -> bool:
        """Tell whether the configuration names an application."""
        return app in self._names

    def app_of(self, hostname: bytes, account_app: str = "") -> str | Refusal:
        """Return the application's label for a HOSTNAME, which is the drain token (Logplex).

        Args:
            hostname: HOSTNAME, or ``Logplex-Drain-Token``.
            account_app: Application of the credential that was used, if any: it has the second
                word, where the token is not configured.
        """
        app = self._apps.get(hostname, account_app)
        if app:
            return app
        # Bounded: a peer can invent tokens. Beyond the bound one that returns counts again.
        met = hostname[:_LONGEST_TOKEN]
        if met not in self._met:
            self.unknown += 1
            if len(self._met) < 2 * self._max_apps:
                self._met.add(met)
        if self._reject_unknown:
            return Refusal.UNKNOWN_DRAIN
        label = redact_token(hostname)
        if label in self._names:  # a sender that calls itself by a configured name
            return Refusal.UNKNOWN_DRAIN
        if label not in self._labelled:
            if len(self._labelled) >= self._max_apps:
                return Refusal.APP_LIMIT
            self._labelled.add(label)
        return label
