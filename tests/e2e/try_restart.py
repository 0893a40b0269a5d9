from __future__ import annotations
import socket, sys, threading, time, signal, functools
from pathlib import Path
from collections import Counter
import bcrypt
from tests.daemon_process import running, wait_until, WAIT_SECONDS
from tests.e2e.test_service_manager import ACTIVATE
from tests.e2e.bookkeepers import *
from tests.e2e.tls_files import Authority
from tests.e2e.batches import basic
from tests.e2e.traffic import token

KINDS = ("tcp", "tls", "http", "https")

def test_it(tmp_path):
    authority = Authority(tmp_path)
    files = authority.issue()
    ctx = authority.trusted()
    pw = bcrypt.hashpw(b"secret", bcrypt.gensalt(8)).decode()
    config = '[admin]\naddress = "127.0.0.1:0"\n'
    for kind in KINDS:
        config += f'[[listener]]\ntype = "{kind}"\nsystemd = "{kind}"\n'
        if kind in ("tls", "https"): config += files.toml
    config += f'[[credentials]]\nuser = "u"\npassword_hash = "{pw}"\n'
    socks = {k: socket.create_server(("127.0.0.1", 0), backlog=1000) for k in KINDS}
    def conn(kind):
        s = socket.create_connection(socks[kind].getsockname(), timeout=5)
        if kind in ("tls", "https"):
            try:
                s = ctx.wrap_socket(s, server_hostname="localhost")
            except BaseException:
                s.close(); raise
        return s
    n = 3
    senders = {k: [(BatchSender if k.startswith("http") else FrameSender)(functools.partial(conn, k), token(i), **({"headers": basic("u", "secret")} if k.startswith("http") else {})) for i in range(n)] for k in KINDS}
    flat = [s for v in senders.values() for s in v]
    fds = [s.fileno() for s in socks.values()]
    prefix = [sys.executable, "-c", ACTIVATE, ",".join(map(str, fds))]
    environ = {"LISTEN_FDS": str(len(fds)), "LISTEN_FDNAMES": ":".join(KINDS)}
    stopped = []
    restarts = int(__import__("os").environ.get("RESTARTS", "4"))
    with sending(flat) as enough:
        for i in range(restarts):
            d = tmp_path / str(i); d.mkdir()
            with running(config, d, prefix=prefix, environ=environ, pass_fds=fds) as daemon:
                base = [s.progress for s in flat]
                wait_until(lambda: all(s.progress > b + 100 for s, b in zip(flat, base)), "progress")
                if i == restarts - 1:
                    enough.set()
                    wait_until(lambda: threading.active_count() <= 1, "threads")
            t = daemon.log()
            from datetime import datetime
            a, b = [datetime.fromisoformat(daemon.events(e)[0]["timestamp"]) for e in ("daemon.stopping", "daemon.stopped")]
            stopped.append(daemon.events("daemon.stopped")[0])
            print(i, "stop took", (b - a).total_seconds(), {k: stopped[-1][k] for k in ("received","applied","lost","abandoned","listeners")})
            others = Counter(l["event"] for l in t)
            print("   ", dict(others))
    for s in socks.values(): s.close()
    for k in KINDS:
        rec = sum(x["listeners"][k]["received"] for x in stopped)
        if k.startswith("http"):
            ack = sum(s.acknowledged for s in senders[k])
            f = sum((s.failures for s in senders[k]), Counter())
            print(k, "received", rec, "acked", ack, "given up", sum(s.given_up for s in senders[k]), dict(f))
        else:
            sent = sum(s.messages for s in senders[k])
            e = [c for s in senders[k] for c in s.ended]
            print(k, "received", rec, "sent", sent, "missing", sent - rec, "conns", len(e), "reset", sum(c.was_reset for c in e), "by us", sum(c.by_us for c in e))
