"""Atheris, which nothing else here knows: libFuzzer over one target, until it is stopped.

`fuzz.run` starts this as a process of its own, as ``python fuzz/engine.py TARGET FLAG... DIR...``
with flags and directories of libFuzzer, because libFuzzer ends its process when it has found
something.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, not as a module

_INSTRUMENTED: Final = ["heroku_syslogd", "aiohttp"]
"""Packages whose branches guide the search."""


def main() -> None:
    """Fuzz the target that the command line names; does not return."""
    name, *arguments = sys.argv[1:]
    atheris = importlib.import_module("atheris")  # it has no types
    # Imported here, because only what is imported from now on is instrumented.
    with atheris.instrument_imports(include=_INSTRUMENTED):
        targets = importlib.import_module("fuzz.targets").TARGETS
    atheris.Setup([sys.argv[0], *arguments], targets[name].check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
