"""Fuzzes a target, or tries one on files; see README.md.

Run as ``python fuzz/run.py TARGET [FILE...]``. Exit codes: 0, 1 (a defect was found), 2 (usage).
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, not as a module

from fuzz.corpus import write_seeds, write_tokens
from fuzz.targets import TARGETS

ALL: Final = "all"

SLOWEST: Final = 10
"""Seconds that an input may take. Of a payload that is pumped up, a search that is quadratic takes
more, and what is linear a tenth of that, even where others use the processor."""

_SLOW: Final = 4
"""Seconds after which an input is reported without being a defect."""
_MOST_MEMORY: Final = 1024
"""MiB that the fuzzer may take."""

_SHOWN: Final = 2000
"""Bytes of an input that are printed."""

_ENGINE: Final = Path(__file__).resolve().parent / "engine.py"


class Fuzzing:
    """The fuzzing of one target.

    Args:
        target: Its name.
        seconds: How long it goes on.
        corpus: Where inputs are kept that reach something new; those of earlier runs are tried
            first.
        findings: Where inputs go that show a defect.
    """

    def __init__(self, target: str, seconds: int, corpus: Path, findings: Path) -> None:
        self.target = target
        self._seconds = seconds
        self._corpus = corpus
        self._findings = findings

    def run(self) -> list[Path]:
        """Fuzz; return the files of the inputs that it has found.

        Raises:
            RuntimeError: It ended for another reason.
        """
        before = set(self._found())
        self._corpus.mkdir(parents=True, exist_ok=True)
        self._findings.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory() as directory:
            seeds, tokens = Path(directory) / "seeds", Path(directory) / "tokens"
            seeds.mkdir()
            write_seeds(self.target, seeds)
            write_tokens(tokens)
            ended = subprocess.run(self.command(seeds, tokens), check=False)
        found = sorted(set(self._found()) - before)
        if ended.returncode and not found:
            raise RuntimeError(f"the fuzzer ended with code {ended.returncode}")
        return found

    def command(self, seeds: Path, tokens: Path) -> list[str]:
        """Return the command line of the fuzzer (LLVM, "libFuzzer", Options)."""
        flags = {
            "max_total_time": self._seconds,
            "max_len": TARGETS[self.target].max_bytes,
            "timeout": SLOWEST,
            "report_slow_units": _SLOW,
            "rss_limit_mb": _MOST_MEMORY,
            "keep_seed": 1,  # patterns give no coverage, without which a line shrinks to a stub
            "entropic_scale_per_exec_time": 1,  # prefers inputs that take little time
            "dict": tokens,
            "artifact_prefix": f"{self._findings}/{self.target}-",
            "print_final_stats": 1,
        }
        options = [f"-{name}={value}" for name, value in flags.items()]
        # New inputs go to the first directory.
        return [sys.executable, str(_ENGINE), self.target, *options, str(self._corpus), str(seeds)]

    def _found(self) -> Iterator[Path]:
        # libFuzzer's names; a slow unit is not yet one that takes too long.
        for kind in ("crash", "timeout", "oom", "leak"):
            yield from self._findings.glob(f"{self.target}-{kind}-*")


def try_files(target: str, files: Sequence[Path]) -> list[Path]:
    """Try files of inputs and print what comes of it; return those that show a defect.

    Raises:
        OSError: A file cannot be read.
    """
    failed = []
    for path in files:
        data = path.read_bytes()
        began = time.monotonic()
        try:
            TARGETS[target].check(data)
        except Exception:
            print(f"{path}: {data[:_SHOWN]!r}", file=sys.stderr)
            traceback.print_exc()
            failed.append(path)
            continue
        seconds = time.monotonic() - began
        print(f"{path}: nothing found, in {seconds:.2f} s")
        if seconds > SLOWEST:
            failed.append(path)
    return failed


@contextmanager
def corpus_directory(wanted: Path | None) -> Iterator[Path]:
    """Return where inputs are kept: where they are wanted, or in a directory for the moment."""
    if wanted is not None:
        yield wanted
    else:
        with TemporaryDirectory() as directory:
            yield Path(directory)


def fuzz(options: argparse.Namespace) -> int:
    """Fuzz one target, or all one after the other; return the exit code."""
    found = []
    with corpus_directory(options.corpus) as corpus:
        for name in TARGETS if options.target == ALL else [options.target]:
            paths = Fuzzing(name, options.seconds, corpus / name, options.findings).run()
            found += [(name, path) for path in paths]
            print(f"{name}: {len(paths)} found in {options.seconds} s at most", file=sys.stderr)
    for name, path in found:
        print(f"to repeat it: python fuzz/run.py {name} {path}", file=sys.stderr)
    return 1 if found else 0


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("target", choices=[*TARGETS, ALL], metavar="TARGET", help=", ".join([*TARGETS, ALL]))
    add("files", nargs="*", type=Path, metavar="FILE", help="try these and do not fuzz")
    add("--seconds", type=int, default=60, metavar="N", help="per target; default: 60")
    add("--corpus", type=Path, metavar="DIR", help="keep inputs that reach something new there")
    add(
        "--findings",
        type=Path,
        default=Path(),
        metavar="DIR",
        help="write inputs that show a defect there; default: the current directory",
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz, or try files; return the exit code."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    if options.seconds < 1:
        parser.error("--seconds: expected 1 or more")
    if options.files and options.target == ALL:
        parser.error("files are of one target")
    if options.files:
        return 1 if try_files(options.target, options.files) else 0
    if importlib.util.find_spec("atheris") is None:
        parser.error("fuzzing needs atheris: pip install -e '.[fuzz]'")
    try:
        return fuzz(options)
    except RuntimeError as error:
        print(f"failed: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
