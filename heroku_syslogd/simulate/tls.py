"""TLS as a drain speaks it. Source: heroku/logplex, ``logplex_tls.erl``.

Chain and host name of the receiver are checked; no client certificate is shown. Versions and
ciphers are Python's defaults: those of the published Logplex are of 2015, and what its successor
offers is not known.
"""

from __future__ import annotations

import ssl
from typing import Final

from heroku_syslogd.simulate.target import Target

SHUTDOWN_TIMEOUT: Final = 1.0
"""Seconds to wait for the receiver's ``close_notify``. Logplex does not wait at all."""


def client_context(target: Target) -> ssl.SSLContext | None:
    """Return the context for connections to ``target``, or None if it does not speak TLS.

    The authorities are those of the system; ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` name others.
    """
    if not target.is_tls:
        return None
    context = ssl.create_default_context()
    if target.is_insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
