"""What the dynos of an app print: lines as common frameworks write them.

Lengths are chosen so that the benchmark mix has a mean of 260 bytes per message (see `mix`).
Some lines are JSON, some hold characters of more than one byte: octet counts are bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from heroku_syslogd.simulate.request import Request

WebLine = Callable[[Request, Random, str], str]
WorkerLine = Callable[[Random, str], str]

_USERS: Final = 400
_USER_SHARE: Final = 0.1
"""Part of the l2met lines that tell of a user, too."""

_BROWSER: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Firefox/128.0"


def web_output(framework: str, request: Request, rng: Random, stamp: str) -> str:
    """Return one line of a web dyno about ``request``.

    Args:
        framework: ``rails``, ``node`` or ``django``.
        request: The request that the line is about.
        rng: Source of chance.
        stamp: TIMESTAMP of the line, for frameworks that print the time themselves.
    """
    lines = _WEB[framework]
    return lines[int(rng.random() * len(lines))](request, rng, stamp)


def worker_output(rng: Random, stamp: str) -> str:
    """Return one line of a background worker."""
    return _WORKER[int(rng.random() * len(_WORKER))](rng, stamp)


def _rails_started(request: Request, rng: Random, stamp: str) -> str:
    return (
        f'[{request.request_id}] Started {request.method} "{request.path}"'
        f" for {request.address} at {stamp[:10]} {stamp[11:19]} +0000"
    )


def _rails_processing(request: Request, rng: Random, stamp: str) -> str:
    return f"[{request.request_id}] Processing by ProductsController#show as HTML"


def _rails_completed(request: Request, rng: Random, stamp: str) -> str:
    took = request.service_ms
    return (
        f"[{request.request_id}] Completed {request.status} in {took}ms"
        f" (Views: {took * 0.4:.1f}ms | ActiveRecord: {took * 0.3:.1f}ms"
        f" | Allocations: {request.size})"
    )


def _rails_lograge(request: Request, rng: Random, stamp: str) -> str:
    took = request.service_ms
    return (
        f"method={request.method} path={request.path} format=html"
        f" controller=ProductsController action=show status={request.status}"
        f" duration={took:.2f} view={took * 0.4:.2f} db={took * 0.3:.2f}"
        f" request_id={request.request_id}"
    )


def _node_access(request: Request, rng: Random, stamp: str) -> str:
    return (
        f'{{"level":30,"time":"{stamp[:19]}Z","pid":4,"req":{{"id":"{request.request_id}",'
        f'"method":"{request.method}","url":"{request.path}",'
        f'"remoteAddress":"{request.address}"}},"res":{{"statusCode":{request.status}}},'
        f'"responseTime":{request.service_ms},"msg":"request completed"}}'
    )


def _node_plain(request: Request, rng: Random, stamp: str) -> str:
    return (
        f"{request.method} {request.path} {request.status} {request.service_ms}ms - {request.size}"
    )


def _node_debug(request: Request, rng: Random, stamp: str) -> str:
    return f"cache: miss key=page:{request.path} ttl=300 backend=redis took={rng.random():.3f}ms"


def _django_access(request: Request, rng: Random, stamp: str) -> str:
    return (
        f"10.1.{request.size & 255}.{request.service_ms & 255} - - [{stamp[:19]} +0000]"
        f' "{request.method} {request.path} HTTP/1.1" {request.status} {request.size}'
        f' "-" "{_BROWSER}"'
    )


def _django_info(request: Request, rng: Random, stamp: str) -> str:
    return (
        f"{stamp[:10]} {stamp[11:19]},{request.service_ms % 1000:03d} [INFO]"
        f" [{request.request_id[:8]}] shop.views: {request.method} {request.path}"
        f" user={request.size}"
    )


def _multi_byte(request: Request, rng: Random, stamp: str) -> str:
    return (
        f"[WARNING] {request.request_id[:8]} Zahlung für Bestellung №{request.size} abgelehnt"
        f" — „Limit“ (Zoë Müller-Łukasiewicz, {request.size / 100:.2f} €) 💳"
    )


def _l2met(request: Request, rng: Random, stamp: str) -> str:
    metrics = (
        f"measure#db.query={request.service_ms * 0.3:.1f}ms count#cache.hit=1"
        f" sample#pool.size={int(rng.random() * 20)}"
    )
    if rng.random() < _USER_SHARE:
        metrics += f" unique#user.id={int(rng.random() * _USERS)}"
    return f"{metrics} request_id={request.request_id}"


def _job_done(rng: Random, stamp: str) -> str:
    return (
        f"pid=4 tid={rng.getrandbits(16):x} class=ReceiptMailer jid={rng.getrandbits(96):024x}"
        f" elapsed={rng.random():.3f} INFO: done"
    )


def _job_json(rng: Random, stamp: str) -> str:
    return (
        f'{{"ts":"{stamp[:19]}Z","lvl":"INFO","msg":"job finished","queue":"default",'
        f'"class":"ThumbnailJob","args":["images/{rng.getrandbits(64):016x}.jpg",640,480],'
        f'"duration":{rng.random():.4f}}}'
    )


def _job_celery(rng: Random, stamp: str) -> str:
    return (
        f"[{stamp[:10]} {stamp[11:19]}: INFO/ForkPoolWorker-2] Task"
        f" shop.tasks.index_product[{rng.getrandbits(96):024x}] succeeded in {rng.random():.6f}s"
    )


_ANY: Final[tuple[WebLine, ...]] = (_multi_byte, _l2met)
_WEB: Final[dict[str, tuple[WebLine, ...]]] = {
    "rails": (
        *(_rails_started, _rails_processing, _rails_completed, _rails_lograge) * 2,
        *_ANY,
    ),
    "node": (
        _node_access,
        _node_access,
        _node_access,
        _node_plain,
        _node_plain,
        _node_debug,
        *_ANY,
    ),
    "django": (*(_django_access, _django_access, _django_info) * 2, *_ANY),
}
_WORKER: Final[tuple[WorkerLine, ...]] = (_job_done, _job_json, _job_celery)
