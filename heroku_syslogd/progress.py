"""Progress of long work on a terminal; nothing where there is none."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column

from heroku_syslogd.replay import Progress as ReplayState
from heroku_syslogd.simulate import Progress as SimulationState
from heroku_syslogd.terminal import can_draw, console


class _Bar:
    """A bar on standard error, shown while it is entered.

    It draws itself only when it is told something: no thread of its own takes time from the work,
    and what standard output gets stays there.

    Args:
        what: What is being done, until there is more to say.
        total: What will be completed at the end, None if that cannot be told.
        columns: What stands behind the bar.
        shown: Whether to show it if standard error is a terminal.
    """

    def __init__(
        self, what: str, total: float | None, *columns: ProgressColumn, shown: bool = True
    ) -> None:
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            *columns,
            console=console(sys.stderr),
            transient=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
            disable=not (shown and can_draw(sys.stderr)),
            expand=True,
        )
        self._task = self._bar.add_task(what, total=total)

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

    def _show(self, completed: float, text: str) -> None:
        self._bar.update(self._task, completed=completed, description=text, refresh=True)


class SimulationProgress(_Bar):
    """A bar for a running simulation.

    Args:
        duration: Seconds that it will take.
    """

    def __init__(self, duration: float | None) -> None:
        super().__init__("connecting", duration, TimeRemainingColumn(table_column=_in_one_line()))

    def update(self, state: SimulationState) -> None:
        """Show where the simulation is."""
        rate = state.sent / state.seconds if state.seconds else 0.0
        text = f"{state.sent:,} sent, {rate:,.0f}/s"
        if state.lost:
            text += f", {state.lost:,} lost"
        self._show(state.seconds, text)


class ReplayProgress(_Bar):
    """A bar for a running replay.

    Args:
        size: Bytes of all captures, None if that cannot be told.
        shown: Whether to show it if standard error is a terminal.
    """

    def __init__(self, size: int | None, *, shown: bool = True) -> None:
        columns: list[ProgressColumn] = [DownloadColumn(table_column=_in_one_line())]
        if size is not None:
            columns.append(TimeRemainingColumn(table_column=_in_one_line()))
        super().__init__("reading", size, *columns, shown=shown)

    def update(self, state: ReplayState) -> None:
        """Show where the replay is."""
        rate = state.messages / state.seconds if state.seconds else 0.0
        self._show(state.bytes, f"{state.messages:,} messages, {rate:,.0f}/s")


def _in_one_line() -> Column:
    return Column(no_wrap=True)
