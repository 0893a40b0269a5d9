"""The line that the Heroku router writes for a request.

Key order, quoting and empty values follow Heroku Dev Center "HTTP Routing" and captured lines of
the legacy router (``protocol=https`` last) and of Router 2.0 (``tls=`` and ``tls_version=`` last,
path percent-decoded).
"""

from __future__ import annotations

from typing import Final

from heroku_syslogd.simulate.fleet import App
from heroku_syslogd.simulate.line import LEGACY_ROUTER, PLATFORM
from heroku_syslogd.simulate.request import Request

_FAILED: Final = {
    "H12": 'at=error code=H12 desc="Request timeout"',
    "H13": 'at=error code=H13 desc="Connection closed without response"',
    "H18": 'sock=backend at=error code=H18 desc="Server Request Interrupted"',
    "H27": 'sock=client at=warning code=H27 desc="Client Request Interrupted"',
}
_REFUSED: Final = {
    "H10": 'at=error code=H10 desc="App crashed"',
    "H14": 'at=error code=H14 desc="No web processes running"',
    "H80": 'at=info code=H80 desc="Maintenance mode"',
}


def router_pri(app: App) -> int:
    """Return the PRI of the app's router: Router 2.0 moved from 158 to 134."""
    return PLATFORM if app.router_2 else LEGACY_ROUTER


def router_message(request: Request, app: App, dyno: str) -> str:
    """Return MSG of the router's line for a request that ``dyno`` served."""
    head = _FAILED[request.code] if request.code else "at=info"
    path = request.path
    if app.router_2:
        path = path.replace("%20", " ")
        tail = "protocol=http2.0 tls=true tls_version=tls1.3"
    else:
        tail = "protocol=https"
    size = "" if request.code == "H27" else request.size
    return (
        f'{head} method={request.method} path="{path}" host={app.host}'
        f' request_id={request.request_id} fwd="{request.address}" dyno={dyno}'
        f" connect={request.connect_ms}ms service={request.service_ms}ms"
        f" status={request.status} bytes={size} {tail}"
    )


def refused_message(code: str, request: Request, app: App) -> str:
    """Return MSG of a request that no dyno was asked for: what was not measured stays empty."""
    tail = "protocol=http1.1 tls=true tls_version=unknown" if app.router_2 else "protocol=https"
    return (
        f'{_REFUSED[code]} method={request.method} path="{request.path}" host={app.host}'
        f' request_id={request.request_id} fwd="{request.address}"'
        f" dyno= connect= service= status=503 bytes= {tail}"
    )
