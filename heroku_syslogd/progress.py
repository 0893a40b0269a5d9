"""Progress of long work on a terminal; nothing where there is none."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from heroku_syslogd.simulate import Progress as SimulationState


class SimulationProgress:
    """A bar for a running simulation.

    Args:
        duration: Seconds that it will take.
    """

    def __init__(self, duration: float | None) -> None:
        console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._task = self._bar.add_task("connecting", total=duration)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def update(self, state: SimulationState) -> None:
        """Show where the simulation is."""
        rate = state.sent / state.seconds if state.seconds else 0.0
        text = f"{state.sent:,} sent, {rate:,.0f}/s"
        if state.lost:
            text += f", {state.lost:,} lost"
        self._bar.update(self._task, completed=state.seconds, description=text)
