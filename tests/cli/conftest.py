"""The command line in process, on a tiny model with random weights, in a data folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from dashboard.cli import main


@dataclass(frozen=True)
class Run:
    """What a command left behind."""

    status: int
    out: str
    err: str


@pytest.fixture
def run(tiny_folder, tmp_path, monkeypatch, capsys) -> Callable[..., Run]:
    """Run a command in an empty working folder; the model `tiny` is listed."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("DASHBOARD_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("DASHBOARD_MODELS", f"tiny={tiny_folder}")
    monkeypatch.setenv("DASHBOARD_THREADS", "2")

    def run_command(*arguments: str) -> Run:
        capsys.readouterr()
        status = main(arguments)
        captured = capsys.readouterr()
        return Run(status, captured.out, captured.err)

    return run_command
