"""The server and the people in the browser tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Server:
    """A running dashboard."""

    url: str
    log: Path
    started: float  # time.monotonic() of its first answer


@dataclass
class Visitor:
    """One person's browser: its page, and everything that went wrong in it."""

    page: object
    close: Callable[[], None]
    faults: list[str] = field(default_factory=list)


NewVisitor = Callable[..., Visitor]
