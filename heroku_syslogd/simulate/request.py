"""Requests as the router sees them."""

from __future__ import annotations

from random import Random
from typing import Final, NamedTuple

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

FAILURES: Final = {"H12": 503, "H13": 503, "H18": 503, "H27": 499}
"""Status that the router gives with each of its error codes."""


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
        code, size = tuple(FAILURES)[int(random() * 4)], 0
        status = FAILURES[code]
        if code == "H12":
            service = TIMEOUT_MS
    return Request(method, path, status, size, connect, service, request_id, address, code)
