"""What is fuzzed holds for every seed, and for what hypothesis makes of them; the command line."""

from __future__ import annotations

import hmac
import re
from importlib import util
from pathlib import Path
from typing import Final

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz import run
from fuzz.corpus import TOKENS, seeds_of, write_seeds, write_tokens
from fuzz.inputs import PUMPED_BYTES, chunks, pump_options, pumped
from fuzz.seeds import Seed
from fuzz.targets import TARGETS, authorization
from heroku_syslogd.heroku import DYNO_MANAGER
from heroku_syslogd.wire import BatchBody, Decoded

README: Final = Path(run.__file__).with_name("README.md").read_text()
SEEDS: Final = {target: seeds_of(target) for target in TARGETS}
OWN: Final = [
    pytest.param(target, seed, id=f"{target} {seed.name}")
    for target in TARGETS
    for seed in SEEDS[target]
]
BY_LINE: Final = re.compile(rb"(?<=\n)")
WIRE: Final = "heroku_syslogd.wire"
WORKER: Final = "heroku_syslogd.worker"
LISTENERS: Final = "heroku_syslogd.listeners"


@pytest.mark.parametrize(("target", "seed"), OWN)
def test_what_has_to_hold_holds_for_every_seed(target: str, seed: Seed) -> None:
    TARGETS[target].check(seed.data)


@pytest.mark.parametrize("target", TARGETS)
def test_it_holds_for_the_seeds_of_every_other_target(target: str) -> None:
    for other in SEEDS.keys() - {target}:
        for seed in SEEDS[other]:
            TARGETS[target].check(seed.data)


@st.composite
def changed_seeds(draw: st.DrawFn, target: str) -> bytes:
    """Draw a seed, a few stretches of it replaced by other bytes, tokens or parts of seeds."""
    seeds = st.sampled_from(SEEDS[target]).map(lambda seed: seed.data)
    data = draw(seeds)
    part = st.one_of(
        st.binary(max_size=4),
        st.sampled_from(TOKENS),
        seeds.flatmap(lambda seed: st.sampled_from(BY_LINE.split(seed) or [b""])),
    )
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 20)))
        data = data[:start] + draw(part) + data[end:]
    return data


def inputs(target: str) -> st.SearchStrategy[bytes]:
    tokens = st.lists(st.one_of(st.sampled_from(TOKENS), st.binary(max_size=3)), max_size=20)
    return st.one_of(changed_seeds(target), tokens.map(b"".join), st.binary(max_size=200))


@settings(max_examples=200, deadline=None)
@pytest.mark.parametrize("target", TARGETS)
@given(data=st.data())
def test_it_holds_for_anything_else(target: str, data: st.DataObject) -> None:
    TARGETS[target].check(data.draw(inputs(target)))


# That the targets can fail ------------------------------------------------------------------------


def without_first(self: BatchBody, decoded: Decoded) -> None:
    self._frames += decoded.frames[1:]
    self._faults += decoded.faults


def without_limit(self: BatchBody, data: bytes) -> None:
    self.size += len(data)
    self._keep(self._decoder.feed(data))


def with_body(status: int) -> web.Response:
    return web.Response(status=status, text="x")


DEFECTS: Final[list[tuple[str, str, str, object]]] = [
    ("framing", "bytes disappear", f"{WIRE}.framing.FrameDecoder._drop", lambda _, n, at: at + n),
    ("framing", "a split matters", f"{WIRE}.framing._PARTIAL_BOUNDARY", re.compile(rb"(?!)")),
    ("header", "the short cut differs", "fuzz.targets.header.message_text", lambda rest, _: rest),
    ("header", "a byte-order mark is kept", f"{WIRE}.header._clean", lambda msg: msg),
    ("classifier", "the short cut differs", f"{WORKER}.message_text", lambda rest, _: rest),
    ("classifier", "everybody is believed", f"{WORKER}.line_rule", lambda *_: DYNO_MANAGER),
    (
        "classifier",
        "any text is a label",
        f"{WORKER}.label_text",
        lambda text: text.decode("latin1"),
    ),
    ("http_body", "a message is lost", f"{WIRE}.batch_body.BatchBody._keep", without_first),
    ("http_body", "no limit", f"{WIRE}.batch_body.BatchBody._decode", without_limit),
    ("http_request", "batches are lost", f"{LISTENERS}.http_intake.deliver", lambda *_: None),
    ("http_request", "an answer has a body", f"{LISTENERS}.http_drain.answer", with_body),
    ("http_request", "an exception", f"{LISTENERS}.http_intake.is_gzipped", lambda _: 1 / 0),
    ("proxy_protocol", "it reads too far", f"{WIRE}.proxy_protocol._missing_v1", lambda _: 107),
    ("authorization", "everybody comes in", "hmac.compare_digest", lambda *_: True),
]
"""A target, what is wrong, and where the daemon looks it up."""


@pytest.mark.interpreted
@pytest.mark.parametrize(
    ("target", "where", "defect"),
    [pytest.param(target, *rest, id=f"{target}: {name}") for target, name, *rest in DEFECTS],
)
def test_a_planted_defect_is_noticed(
    monkeypatch: pytest.MonkeyPatch, target: str, where: str, defect: object
) -> None:
    monkeypatch.setattr(where, defect)

    assert any(is_noticed(target, seed) for seed in SEEDS[target])


def is_noticed(target: str, seed: Seed) -> bool:
    try:
        TARGETS[target].check(seed.data)
    except Exception:
        return True
    return False


# Inputs and seeds ---------------------------------------------------------------------------------


@given(st.binary(max_size=60), st.lists(st.integers(0, 9), max_size=3))
def test_pieces_are_the_payload_in_its_order(payload: bytes, sizes: list[int]) -> None:
    pieces = list(chunks(payload, sizes))

    assert b"".join(pieces) == payload
    assert all(pieces)
    assert all(len(piece) in sizes for piece in pieces[:-1]) or not any(sizes)


def test_a_payload_is_pumped_where_the_options_say() -> None:
    payload = b"GET /" + b"a" + b" HTTP"

    assert pumped(payload, pump_options(200, 1)) == payload
    assert pumped(payload, pump_options(5, 1)) == b"GET /" + b"a" * PUMPED_BYTES + b" HTTP"
    assert pumped(payload, pump_options(4, 2)) == b"GET " + b"/a" * (PUMPED_BYTES // 2) + b" HTTP"


def test_without_options_some_payloads_are_pumped_somewhere() -> None:
    payloads = [b"<13>1 %d" % number for number in range(1000)]
    longer = [one for one in payloads if pumped(one, b"\0\0") != one]

    assert 30 < len(longer) < 120
    assert all(len(pumped(one, b"\0\0")) < PUMPED_BYTES + len(one) for one in longer)
    assert pumped(b"", b"\0\0") == b""


@pytest.mark.parametrize("target", TARGETS)
def test_seeds_are_written_under_names_of_their_own(target: str, tmp_path: Path) -> None:
    write_seeds(target, tmp_path)

    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert written == {seed.name: seed.data for seed in SEEDS[target]}
    assert len(written) == len(SEEDS[target]) > 20
    assert all(seed.reason and seed.source for seed in SEEDS[target])


def test_tokens_are_written_as_libfuzzer_reads_them(tmp_path: Path) -> None:
    write_tokens(tmp_path / "tokens")

    lines = (tmp_path / "tokens").read_text().splitlines()
    assert all(re.fullmatch(r'"(\\x[0-9a-f]{2})+"', line) for line in lines)
    assert [bytes.fromhex(line.strip('"').replace("\\x", "")) for line in lines] == list(TOKENS)


# The command line ---------------------------------------------------------------------------------


def test_a_file_without_a_finding_is_tried(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "input"
    path.write_bytes(SEEDS["header"][0].data)

    assert run.main(["header", str(path)]) == 0
    assert re.fullmatch(rf"{path}: nothing found, in [0-9.]+ s\n", capsys.readouterr().out)


def test_a_file_that_takes_too_long_shows_a_defect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "input"
    path.write_bytes(SEEDS["header"][0].data)
    monkeypatch.setattr(run, "SLOWEST", 0)

    assert run.main(["header", str(path)]) == 1


def test_a_file_that_shows_a_defect_is_shown_with_the_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_bytes(b"")
    bad.write_bytes(authorization.encode(b"other:y", is_pair=True))
    monkeypatch.setattr(hmac, "compare_digest", lambda *_: True)

    assert run.main(["authorization", str(good), str(bad)]) == 1
    output = capsys.readouterr()
    assert re.fullmatch(rf"{good}: nothing found, in [0-9.]+ s\n", output.out)
    assert f"{bad}: b'" in output.err
    assert "Traceback" in output.err


ENGINE: Final = """
import sys
from pathlib import Path

target, *arguments = sys.argv[1:]
corpus, seeds = map(Path, arguments[-2:])
flags = dict(argument[1:].split("=", 1) for argument in arguments[:-2])
assert corpus.is_dir() and any(seeds.iterdir())
assert Path(flags["dict"]).read_text().startswith('"')
assert (flags["max_total_time"], flags["timeout"]) == ("7", "10")
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in place of the fuzzer; it is called as that one is, and finds nothing."""
    path = tmp_path / "engine.py"
    path.write_text(ENGINE)
    monkeypatch.setattr(run, "_ENGINE", path)
    monkeypatch.setattr(util, "find_spec", lambda _: object())
    return path


def fuzz(tmp_path: Path, *options: str) -> int:
    findings = tmp_path / "findings"
    return run.main([*options, "--seconds", "7", "--findings", str(findings)])


@pytest.mark.parametrize("keeps", [False, True])
def test_every_target_is_fuzzed_in_its_turn(
    engine: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], keeps: bool
) -> None:
    options = ["--corpus", str(tmp_path / "corpus")] if keeps else []

    assert fuzz(tmp_path, "all", *options) == 0
    output = capfd.readouterr().err
    assert re.findall(r"(\w+): 0 found", output) == list(TARGETS)
    kept = {path.name for path in (tmp_path / "corpus").glob("*")}
    assert kept == (set(TARGETS) if keeps else set())


def test_what_the_fuzzer_finds_is_named_with_the_command_that_repeats_it(
    engine: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    finding = "Path(flags['artifact_prefix'] + 'crash-1').write_bytes(b''); sys.exit(77)\n"
    engine.write_text(ENGINE + finding)

    assert fuzz(tmp_path, "header") == 1
    path = tmp_path / "findings" / "header-crash-1"
    assert f"python fuzz/run.py header {path}" in capfd.readouterr().err
    assert path.exists()


def test_a_fuzzer_that_fails_is_no_good_end(
    engine: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    engine.write_text("import sys; sys.exit(3)")

    assert fuzz(tmp_path, "header") == 1
    assert "failed: the fuzzer ended with code 3" in capfd.readouterr().err


USAGE_ERRORS: Final[list[tuple[list[str], str]]] = [
    (["nothing"], "invalid choice"),
    (["all", "file"], "files are of one target"),
    (["header", "--seconds", "0"], "expected 1 or more"),
]


@pytest.mark.parametrize(("arguments", "message"), USAGE_ERRORS)
def test_usage_errors(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        run.main(arguments)

    assert message in capsys.readouterr().err


def test_without_the_fuzzer_it_is_said_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(util, "find_spec", lambda _: None)

    with pytest.raises(SystemExit, match="2"):
        run.main(["header"])

    assert "pip install" in capsys.readouterr().err


def test_the_readme_describes_every_target_and_no_other() -> None:
    assert re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE) == list(TARGETS)
