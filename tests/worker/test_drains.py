"""Which drains are kept, under which names, and how many."""

from tests.pipeline_bench import LOAD, T0, TOKEN, Bench, batch, line


def test_unknown_drains_are_refused_if_so_configured() -> None:
    bench = Bench(reject=True)
    other = line(b"app", b"web.1", b"x", b"d.other")
    bench.apply(line(b"app", b"web.1", b"x"), other, other)

    assert bench.lost == {"unknown_drain": 2}
    assert bench.messages == {("shop", "app", "web"): 1}
    bench.check_books()


def test_invented_tokens_and_names_are_bounded_and_counted() -> None:
    bench = Bench(max_apps=5, max_series=40)
    for number in range(100):
        bench.apply(line(b"app", b"web.1", b"x", b"d.%08d" % number))
    for number in range(100):
        bench.apply(line(b"app%d" % number, b"web.1", b"x"))
    bench.apply(line(b"app", b"web.1", b"x", b"d.00000001"))

    assert bench.lost["app_limit"] == 95
    assert bench.lost["series_limit"] > 0
    assert bench.messages["d.00000001", "app", "web"] == 2
    bench.check_books()


def test_invented_drains_leave_room_for_configured_ones() -> None:
    bench = Bench(max_apps=1000, max_series=1000)
    for number in range(400):
        stranger = b"d.%08d" % number
        bench.apply(line(b"app", b"web.1", b"x", stranger))
        bench.apply(line(b"heroku", b"run.%d" % number, LOAD % b"1.00", stranger))
    assert 400 < bench.budget.used <= 500

    bench.apply(line(b"heroku", b"web.1", LOAD % b"0.50"))

    assert bench.loads["web.1"] == 0.5
    assert bench.messages["shop", "heroku", "web"] == 1
    bench.check_books()


def test_one_drain_leaves_room_for_the_others() -> None:
    bench = Bench(max_series=10_000)
    for number in range(2000):
        bench.apply(line(b"heroku", b"run.%d" % number, LOAD % b"1.00", b"d.greedy"))
    assert bench.budget.used <= 500

    bench.apply(line(b"app", b"web.1", b"x", b"d.modest"))
    bench.apply(line(b"heroku", b"web.1", LOAD % b"0.50", b"d.modest"))

    assert bench.loads["web.1"] == 0.5
    assert bench.lost == {}
    bench.check_books()


def test_idle_drains_that_nobody_configured_give_their_places_to_new_ones() -> None:
    bench = Bench(max_apps=10)
    for number in range(10):
        bench.apply(line(b"app", b"web.1", b"x", b"d.%08d" % number))
    bench.apply(line(b"app", b"web.1", b"x"))
    new = line(b"app", b"web.1", b"x", b"d.newcomer")
    bench.apply(new)
    assert bench.lost == {"app_limit": 1}

    assert bench.worker.make_room(T0 + 599) == 0
    busy = line(b"app", b"web.1", b"x", b"d.00000003")
    bench.worker.apply(batch(busy)._replace(received_at=T0 + 300))
    assert bench.worker.make_room(T0 + 600) == 9
    bench.apply(new)

    assert bench.messages == {
        ("shop", "app", "web"): 1,
        ("d.00000003", "app", "web"): 2,
        ("d.newcomer", "app", "web"): 1,
    }
    assert bench.budget.used == 3 * 3


def test_a_drain_that_is_named_later_keeps_its_place_and_its_counters() -> None:
    bench = Bench(max_apps=1, max_series=10_000)
    frame = line(b"app", b"web.1", b"x", b"relay-1")
    bench.apply(frame)
    tokens = {"relay-1": "relay-1"}
    promoted = bench.drains.configure(tokens, reject_unknown=False, max_apps=1)
    bench.worker.forget_streams(promoted)
    bench.apply(line(b"app", b"web.1", b"x", b"d.newcomer"))
    bench.worker.make_room(T0 + 1_000_000)
    bench.apply(frame)
    for number in range(200):  # more than the share of a drain that nobody named
        bench.apply(line(b"heroku", b"web.%d" % number, LOAD % b"1.00", b"relay-1"))

    for number in range(300):  # and of what is logged
        bench.apply(line(b"app%d" % number, b"web.1", b"x", b"relay-1"))

    assert promoted == {"relay-1"}
    assert bench.budget.used == sum(not key.startswith("heroku_app_") for key in bench.series())
    assert bench.messages["relay-1", "app", "web"] == 2
    assert len(bench.loads) == 200
    assert bench.lost == {}


def test_places_that_nobody_wants_are_kept(bench: Bench) -> None:
    bench.apply(line(b"app", b"web.1", b"x", b"d.quiet"))

    assert bench.worker.make_room(T0 + 1_000_000) == 0
    assert bench.messages == {("d.quiet", "app", "web"): 1}


def test_nobody_can_write_under_the_name_of_a_configured_application(bench: Bench) -> None:
    bench.apply(line(b"heroku", b"web.1", LOAD % b"9.99", b"shop"))

    assert bench.loads == {}
    assert bench.lost == {"unknown_drain": 1}
    bench.check_books()


def test_the_stream_cache_is_bounded(bench: Bench) -> None:
    bench.worker.max_streams = 100
    for number in range(1000):
        bench.apply(line(b"app", b"run.%d" % number, b"x"))
        bench.apply(line(b"app", b"x" * 300 + b".%d" % number, b"x"))
        assert sum(map(len, bench.worker._streams.values())) <= 100

    assert bench.messages["shop", "app", "run"] == 1000
    bench.check_books()


def test_a_changed_mapping_applies_to_streams_already_known(bench: Bench) -> None:
    frame = line(b"app", b"web.1", b"x")
    bench.apply(frame)
    bench.drains.configure({TOKEN.decode(): "store"}, reject_unknown=False, max_apps=10)
    bench.worker.forget_streams()
    bench.apply(frame)

    assert bench.messages == {("shop", "app", "web"): 1, ("store", "app", "web"): 1}


def test_lines_of_a_stream_keep_their_order_while_another_one_opens(bench: Bench) -> None:
    down = line(b"heroku", b"web.1", b"State changed from up to down")
    sample = line(b"heroku", b"web.1", LOAD % b"0.50")
    next_run = line(b"heroku", b"web.1", (LOAD % b"0.75").replace(b"run-1", b"run-2"))
    other = line(b"heroku", b"worker.1", b"Cycling")
    bench.apply(sample)

    bench.apply(down, other, next_run)
    assert bench.loads == {"web.1": 0.75}

    bench = Bench()
    bench.apply(down, sample, other, down)
    assert bench.loads == {}
