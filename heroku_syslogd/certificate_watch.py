"""Taking over a certificate when its files change."""

from __future__ import annotations

from typing import Final

from heroku_syslogd import log
from heroku_syslogd.certificates import ServerCertificate
from heroku_syslogd.telemetry import Telemetry

CHECK_INTERVAL: Final = 5.0
"""Seconds between two looks at the files of a certificate."""


class CertificateWatch:
    """Looks at the files of one server's certificate, and shows the certificate in the metrics.

    Args:
        label: Names the server in metrics and log.
        certificate: Its certificate; None without TLS.
        telemetry: Where the certificate is shown.
    """

    def __init__(
        self, label: str, certificate: ServerCertificate | None, telemetry: Telemetry
    ) -> None:
        self._label = label
        self._certificate = certificate
        self._log = log.get("certificate")
        self._next_check = 0.0
        if certificate is not None:
            telemetry.certificates[label] = certificate

    def tick(self, now: float) -> None:
        """Take over a changed certificate; one that cannot be used is logged, and changes nothing.

        Args:
            now: Our time in seconds since the epoch.
        """
        if self._certificate is None or now < self._next_check:
            return
        self._next_check = now + CHECK_INTERVAL
        renewed = self._certificate.refresh()
        if renewed:
            self._log.info("certificate.renewed", listener=self._label)
        elif renewed is False:
            problem = self._certificate.problem
            self._log.error("certificate.invalid", listener=self._label, problem=problem)
