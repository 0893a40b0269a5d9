"""Opening the sockets that the configuration asks for."""

from __future__ import annotations

import array
import contextlib
import fcntl
import os
import resource
import select
import socket
import struct
import termios
from ipaddress import IPv6Address, IPv6Network
from typing import Final

from heroku_syslogd.config import Address, ListenerConfig
from heroku_syslogd.errors import StartupError

PassedSockets = dict[str, list[socket.socket]]

BACKLOG: Final = 4096
"""Connections that wait to be accepted; the kernel caps it at net.core.somaxconn."""
UDP_RECEIVE_BUFFER: Final = 8 * 2**20
"""Bytes asked for. At 100,000 datagrams a second the kernel's default holds a few milliseconds."""

_SO_RCVBUFFORCE: Final = 33
_SO_MEMINFO: Final = 55
_MEMINFO_WORDS: Final = 9
_MEMINFO_DROPS: Final = 8


def open_sockets(config: ListenerConfig, passed: PassedSockets) -> list[socket.socket]:
    """Return the sockets of one listener, bound, and listening unless they are UDP.

    Raises:
        StartupError: An address cannot be bound, or systemd passed no such socket.
    """
    component = f"listener {config.label}"
    kind = socket.SOCK_DGRAM if config.type == "udp" else socket.SOCK_STREAM
    if config.address is None:
        name = config.systemd or ""
        sockets = passed.get(name)
        if not sockets:
            known = ", ".join(sorted(passed)) or "none"
            raise StartupError(component, f"systemd passed no socket {name!r} (passed: {known})")
        for sock in sockets:
            if sock.type != kind:
                problem = f"systemd socket {name!r} is not what type {config.type} needs"
                raise StartupError(component, problem)
            sock.setblocking(False)
            if kind == socket.SOCK_STREAM:
                sock.listen(BACKLOG)
        return sockets
    return [bind(config.address, kind, component, reuse_port=config.reuse_port)]


def bind(
    address: Address, kind: socket.SocketKind, component: str, *, reuse_port: bool = False
) -> socket.socket:
    """Bind a socket; a TCP socket listens too.

    Args:
        address: Where.
        kind: ``SOCK_STREAM`` or ``SOCK_DGRAM``.
        component: Who needs it, for the error.
        reuse_port: Share the address with other processes of the same user that ask for it as well.

    Raises:
        StartupError: The address cannot be resolved or bound; names it.
    """
    try:
        resolved = socket.getaddrinfo(
            address.host, address.port, type=kind, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise StartupError(component, f"cannot resolve {address}: {error.strerror}") from error
    family, _, protocol, _, target = resolved[0]
    sock = socket.socket(family, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, protocol)
    try:
        if kind == socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(target)
        if kind == socket.SOCK_STREAM:
            sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        problem = f"cannot listen on {address}: {os.strerror(error.errno or 0)}"
        raise StartupError(component, problem) from error
    return sock


def bound_address(sock: socket.socket) -> str:
    """Return where a socket is bound, port 0 replaced by the port that the kernel chose."""
    host, port = sock.getsockname()[:2]
    return str(Address(host, port))


def peer_host(address: object) -> str:
    """Return the host of a peer's address; IPv4 as such where a dual-stack socket maps it."""
    host = str(address[0]) if isinstance(address, tuple) and address else "?"
    return host.removeprefix("::ffff:") if "." in host else host


def peer_site(host: str) -> str:
    """Return what counts as one peer: an IPv4 address, or the /64 of an IPv6 address.

    Of the latter whoever has one address has 2^64 (RFC 6177).
    """
    if ":" not in host:
        return host
    try:
        address = IPv6Address(host.partition("%")[0])  # without the scope of fe80::
    except ValueError:
        return host
    return str(IPv6Network((int(address) >> 64 << 64, 64)))


def raise_descriptor_limit(wanted: int) -> int:
    """Raise this process's limit of open files as far as allowed; return what it is then.

    Connections beyond it are reset by the event loop without a trace, so the limit that counts them
    has to be the lower one.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted and soft != resource.RLIM_INFINITY:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft


def enlarge_receive_buffer(sock: socket.socket) -> int:
    """Ask for `UDP_RECEIVE_BUFFER`; return the bytes that the kernel granted."""
    if _receive_buffer(sock) < UDP_RECEIVE_BUFFER:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UDP_RECEIVE_BUFFER)
        with contextlib.suppress(OSError):  # past rmem_max only with CAP_NET_ADMIN
            sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, UDP_RECEIVE_BUFFER)
    return _receive_buffer(sock)


def _receive_buffer(sock: socket.socket) -> int:
    """Return the bytes that were asked for: the kernel doubles them for itself (socket(7))."""
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2


def kernel_drops(sock: socket.socket) -> int:
    """Return how many datagrams the kernel has dropped at this socket, modulo 2^32.

    ``SO_MEMINFO`` (Linux 4.12) is the socket's own counter, exact where ``/proc/net/snmp`` has the
    sum of all sockets.
    """
    words = sock.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 4 * _MEMINFO_WORDS)
    return int(struct.unpack_from("=I", words, 4 * _MEMINFO_DROPS)[0])


def is_readable(sock: socket.socket) -> bool:
    """Tell whether a socket has something to read, or to accept, right now."""
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    return bool(poller.poll(0))


def unread_bytes(fd: int) -> int:
    """Return the bytes that wait in a stream socket's receive buffer (``FIONREAD``)."""
    waiting = array.array("i", [0])
    fcntl.ioctl(fd, termios.FIONREAD, waiting)
    return waiting[0]
