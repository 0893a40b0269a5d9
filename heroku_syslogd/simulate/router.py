"""Requests, and the line that the Heroku router writes for each.

Key order, quoting and empty values follow Heroku Dev Center "HTTP Routing" and captured lines of
the legacy router (``protocol=https`` last) and of Router 2.0 (``tls=`` and ``tls_version=`` last,
path percent-decoded).
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

from heroku_syslogd.simulate.line import LEGACY_ROUTER, PLATFORM

if TYPE_CHECKING:
    from heroku_syslogd.simulate.fleet import App

# Method, path up to an id, path behind it. An empty tail of None means: no id in this path.
_ROUTES: Final[tuple[tuple[str, str, str | None], ...]] = (
    ("GET", "/", None),
    ("GET", "/", None),
    ("GET", "/products/", ""),
    ("GET", "/products/", "?variant=blue&utm_source=newsletter"),
    ("GET", "/products?page=3&sort=-price&in_stock=true", None),
    ("GET", "/search?q=red%20shoes&page=2", None),
    ("GET", "/api/v1/orders/", ""),
    ("GET", "/api/v1/orders/", "/items?expand=product,tax"),
    ("POST", "/api/v1/orders", None),
    ("PATCH", "/api/v1/carts/", "/items"),
    ("DELETE", "/api/v1/carts/", "/items/2"),
    ("GET", "/assets/application-62f13e9f7cb78a2b3e436feaedd07fd67b74cce818f3bb7c.css", None),
    ("GET", "/session/new", None),
    ("POST", "/session", None),
    ("HEAD", "/health", None),
    ("POST", "/webhooks/payments?provider=stripe", None),
)
_CLIENT_ERRORS: Final = (400, 401, 403, 404, 404, 404, 422, 429)

TIMEOUT_MS: Final = 30_000
"""The router gives a dyno 30 s for its first byte, then answers with H12."""

_FAILURES: Final = {
    "H12": ('at=error code=H12 desc="Request timeout"', 503),
    "H13": ('at=error code=H13 desc="Connection closed without response"', 503),
    "H18": ('sock=backend at=error code=H18 desc="Server Request Interrupted"', 503),
    "H27": ('sock=client at=warning code=H27 desc="Client Request Interrupted"', 499),
}


class Request(NamedTuple):
    """One request as the router saw it.

    Attributes:
        method: HTTP method.
        path: Path and query as the client sent them.
        status: Status that the client got.
        size: Bytes that the client got.
        connect_ms: Time to open the connection to the dyno, in milliseconds.
        service_ms: Time between dyno and client, in milliseconds.
        request_id: ``X-Request-ID``.
        address: Address of the client.
        code: Heroku error code, or an empty text.
    """

    method: str
    path: str
    status: int
    size: int
    connect_ms: int
    service_ms: int
    request_id: str
    address: str
    code: str


def draw_request(rng: Random) -> Request:
    """Draw a request: mostly 2xx, log-normal service times, now and then a failure."""
    random = rng.random
    method, path, tail = _ROUTES[int(random() * len(_ROUTES))]
    if tail is not None:
        path = f"{path}{int(random() * 90_000) + 1000}{tail}"
    bits = rng.getrandbits(160)
    text = f"{bits:040x}"
    request_id = f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:32]}"
    address = f"{bits & 0x7F | 1}.{bits >> 8 & 0xFF}.{bits >> 16 & 0xFF}.{bits >> 24 & 0xFF}"
    connect = int(random() * 2.3)
    service = int(rng.lognormvariate(3.7, 1.1)) + 1
    size = int(random() * 32_000) + 120
    chance = random()
    code = ""
    if chance < 0.9:
        status = 201 if method == "POST" else 204 if method == "DELETE" else 200
    elif chance < 0.95:
        status, size = (304, 0) if method == "GET" else (303, 140)
    elif chance < 0.985:
        status = _CLIENT_ERRORS[int(random() * len(_CLIENT_ERRORS))]
    elif chance < 0.992:
        status = 500 if random() < 0.8 else 502
    else:
        code, size = ("H12", "H13", "H18", "H27")[int(random() * 4)], 0
        status = _FAILURES[code][1]
        if code == "H12":
            service = TIMEOUT_MS
    return Request(method, path, status, size, connect, service, request_id, address, code)


def router_pri(app: App) -> int:
    """Return the PRI of the app's router: Router 2.0 moved from 158 to 134."""
    return PLATFORM if app.router_2 else LEGACY_ROUTER


def router_message(request: Request, app: App, dyno: str) -> str:
    """Return MSG of the router's line for a request that ``dyno`` served."""
    head = _FAILURES[request.code][0] if request.code else "at=info"
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


def crashed_message(request: Request, app: App) -> str:
    """Return MSG of H10: the app has crashed, so what was not measured stays empty."""
    tail = "protocol=http1.1 tls=true tls_version=unknown" if app.router_2 else "protocol=https"
    return (
        f'at=error code=H10 desc="App crashed" method={request.method} path="{request.path}"'
        f' host={app.host} request_id={request.request_id} fwd="{request.address}"'
        f" dyno= connect= service= status=503 bytes= {tail}"
    )
