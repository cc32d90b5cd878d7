"""How the story is told: one line at a time with its time, and an expectation that fails loudly."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text


class StoryFailed(Exception):
    """Something was not as the law says; the message says what."""


@dataclass(kw_only=True)
class Narrator:
    """Tells the story on a console. checked: how many expectations held."""

    console: Console
    started: float = field(default_factory=time.monotonic)
    checked: int = 0
    finished: bool = False

    def chapter(self, title: str) -> None:
        self.console.print()
        self.console.print(Text(title, style="bold"))

    def tell(self, line: str, *, mark: str = "✓", style: str = "green") -> None:
        clock = datetime.now().astimezone().strftime("%H:%M:%S.%f")[:-3]
        self.console.print(Text.assemble((clock, "dim"), " ", (mark, style), " ", line))

    def refused(self, line: str) -> None:
        """A refusal that the law wants."""
        self.tell(line, mark="✗", style="red")

    def detail(self, line: str) -> None:
        self.console.print(Text(f"{'':15}{line}"))

    def expect(self, holds: bool, what: str) -> None:
        """Raises StoryFailed with `what` was expected, unless it holds."""
        if not holds:
            raise StoryFailed(what)
        self.checked += 1

    def show(self, table: Table) -> None:
        self.console.print()
        self.console.print(table)

    def finish(self) -> None:
        """The last sentence."""
        self.finished = True
        elapsed_s = time.monotonic() - self.started
        self.console.print(
            Text(
                "All as the law says. Every figure of this table was read back through the API; "
                f"{self.checked} expectations were checked in {elapsed_s:.1f} s."
            )
        )
