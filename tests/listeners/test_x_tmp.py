import asyncio, random, gzip, os, ssl, pytest, gc, time, socket, struct
from contextlib import suppress
from structlog.testing import capture_logs
from heroku_syslogd.config import Duration
from heroku_syslogd.listeners import http_intake, acceptor, http_connection
from heroku_syslogd.wire.proxy_protocol import *
from tests.listeners.conftest import *
from tests.listeners.client import BareClient
from tests.listeners.door import Door
from tests.listeners.posting import *


@pytest.mark.parametrize(
    "seed", range(int(os.environ.get("SEED0", "0")), int(os.environ.get("SEED1", "10")))
)
async def test_chaos(site, authority, tmp_path, monkeypatch, seed):
    rng = random.Random(seed)
    monkeypatch.setattr(http_intake, "HOLD", 0.03)
    monkeypatch.setattr(acceptor, "SHUTDOWN_TIMEOUT", 0.05)
    monkeypatch.setattr(http_connection, "_LINGER", 0.03)
    site.limit(
        max_connections=30,
        max_connections_per_peer=30,
        handshake_timeout=Duration(0.05),
        request_timeout=Duration(0.05),
        idle_timeout=Duration(5),
        max_body_bytes=50_000,
    )
    site.queue.max_messages = 200
    doors = []
    for i, kind in enumerate(["tcp", "tls", "http", "https", "tcp", "tls", "http", "https"]):
        d = Door(site, kind, authority, tmp_path)
        proxied = i >= 4
        await d.open(proxy_protocol=proxied, name=f"{kind}{i}")
        d.proxied = proxied
        d.label = f"{kind}{i}"
        doors.append(d)
    stop = asyncio.Event()
    sent = 0

    async def client():
        while not stop.is_set():
            d = rng.choice(doors)
            c = (BareClient if d.tls and rng.random() < 0.7 and not d.proxied else Client)(
                d.address, *([d.tls] if d.tls and not d.proxied else [])
            )
            with suppress(
                OSError, ssl.SSLError, asyncio.IncompleteReadError, TimeoutError, RuntimeError
            ):
                async with asyncio.timeout(2):
                    await c.connect()

                    def enc(x):
                        return c.encrypted(x) if isinstance(c, BareClient) else x

                    if d.proxied:
                        h = rng.choice(
                            [
                                encode_proxy_v1("203.0.113.7", 1, "192.0.2.1", 1),
                                encode_proxy_v2("2001:db8::7", 1, "2001:db8::1", 1),
                                encode_proxy_local(),
                                b"junk",
                                b"PROXY ",
                            ]
                        )
                        await c.send(
                            h[: rng.choice([len(h), len(h), len(h), rng.randrange(len(h) + 1)])]
                        )
                        if d.tls and rng.random() < 0.8:
                            await c.writer.start_tls(d.tls, server_hostname="drain.example")
                    for _ in range(rng.randrange(6)):
                        fid = str(rng.randrange(50))
                        if "http" in d.kind:
                            body = rng.choice(
                                [
                                    FRAME * rng.randrange(1, 300),
                                    FRAME,
                                    b"x",
                                    FRAME + b"\n",
                                    b"3 <1>" * 5000,
                                ]
                            )
                            gz = rng.random() < 0.3
                            data = gzip.compress(body) if gz else body
                            hd = dict(batch_of(fid, count=rng.randrange(3)))
                            if gz:
                                hd["Content-Encoding"] = "gzip"
                            if rng.random() < 0.1:
                                hd["Expect"] = rng.choice(["100-continue", "x"])
                            if rng.random() < 0.1:
                                hd["Content-Type"] = "x"
                            if rng.random() < 0.1:
                                hd["Connection"] = "close"
                            if rng.random() < 0.3:
                                r = (
                                    head(None, {**hd, **CHUNKED})
                                    + b"".join(
                                        chunk(data[i : i + 500]) for i in range(0, len(data), 500)
                                    )
                                    + chunk(b"")
                                )
                                if rng.random() < 0.3:
                                    r = r.replace(b"\r\n1f4\r\n", b"\r\nzz\r\n", 1)
                            else:
                                r = request(
                                    data,
                                    hd,
                                    target=rng.choice(["/logplex"] * 5 + ["/x"]),
                                    method=rng.choice(["POST"] * 5 + ["GET"]),
                                )
                            r = r * rng.choice([1, 1, 1, 5, 40])
                        else:
                            r = rng.choice(
                                [
                                    FRAME * rng.randrange(1, 500),
                                    b"junk\n",
                                    FRAME[:30],
                                    b"\x16\x03\x01",
                                    b"GET / HTTP/1.1\r\n\r\n",
                                ]
                            )
                        r = enc(r)
                        if rng.random() < 0.3:
                            r = r[: rng.randrange(len(r) + 1)]
                        if rng.random() < 0.05:
                            r = os.urandom(50)
                        while r:
                            n = rng.choice([len(r), 1, 100, 5000])
                            c.writer.write(r[:n])
                            r = r[n:]
                            if rng.random() < 0.3:
                                await asyncio.sleep(rng.choice([0, 0, 0.001, 0.02]))
                            if n < 50 and len(r) > 2000:
                                c.writer.write(r)
                                r = b""
                        if rng.random() < 0.5:
                            with suppress(TimeoutError):
                                async with asyncio.timeout(0.05):
                                    await c.reader.read(1000)
                        if rng.random() < 0.1:
                            await asyncio.sleep(0.08)
            with suppress(Exception):
                if rng.random() < 0.4:
                    c.reset()
                elif rng.random() < 0.5:
                    c.writer.close()
                else:
                    async with asyncio.timeout(1):
                        await c.__aexit__()

    taken = 0

    async def consumer():
        nonlocal taken
        while True:
            taken += len((await site.queue.get()).frames)
            if rng.random() < 0.2:
                await asyncio.sleep(rng.choice([0, 0.001, 0.06]))

    async def ticker():
        while True:
            site.now += 0.5
            for l in site.listeners:
                l.tick(site.now)
            assert site.places <= 30
            await asyncio.sleep(0.01)

    with capture_logs() as logs:
        cs = [asyncio.create_task(client()) for _ in range(25)]
        bg = [asyncio.create_task(consumer()), asyncio.create_task(ticker())]
        await asyncio.sleep(rng.uniform(0.3, 1.5))
        t = time.monotonic()
        closing = [l.close(rng.choice([0, 0.05, 0.5])) for l in site.listeners]
        ct = asyncio.gather(*closing)
        if rng.random() < 0.3:
            await asyncio.sleep(rng.uniform(0, 0.1))
            ct.cancel()
            await asyncio.gather(ct, return_exceptions=True)
        else:
            async with asyncio.timeout(10):
                await ct
        async with asyncio.timeout(10):
            await asyncio.gather(*(l.close(0) for l in site.listeners))
        assert site.places == 0
        received = site.telemetry.received_messages
        stop.set()
        await asyncio.gather(*cs)
        for b in bg:
            if b.done():
                b.result()
            b.cancel()
        await asyncio.gather(*bg, return_exceptions=True)
        assert received == site.telemetry.received_messages
        while site.queue.messages:
            taken += len((await site.queue.get()).frames)
        assert taken == received
    bad = [e for e in logs if e["log_level"] not in ("warning", "info")]
    assert not bad, bad[:2]
    gc.collect()
    assert not site.mistakes, site.mistakes[:2]
    print(
        seed,
        received,
        sum(sum(x.connections_rejected.values()) for x in site.telemetry.listeners.values()),
        {k: v for x in site.telemetry.listeners.values() for k, v in x.http_requests.items() if v},
    )
