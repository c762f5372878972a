"""The machine's figures are measured, and what the system does not tell is not guessed."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

import psutil
import pytest

from dashboard import machine
from dashboard.machine import describe
from dashboard.settings import usable_cores

GIGABYTE = 10**9


def test_the_figures_are_this_machines_own(tmp_path: Path) -> None:
    found = describe("cpu", threads=3, folder=tmp_path)
    assert (found.device, found.device_memory, found.threads) == ("cpu", None, 3)
    assert found.cores == usable_cores() >= 1 and found.processor
    assert found.python == ".".join(map(str, sys.version_info[:3]))
    for library in ("torch", "diffusers", "transformers", "streamlit"):
        assert getattr(found, library) == version(library)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells its free memory in a file")
def test_memory_and_disk_agree_with_another_measure(tmp_path: Path) -> None:
    found, memory = describe("cpu", threads=1, folder=tmp_path), psutil.virtual_memory()
    assert found.memory is not None and found.memory_free is not None and found.disk_free is not None
    assert found.memory_free <= found.memory <= memory.total
    assert found.memory_free <= memory.available + GIGABYTE
    assert abs(found.disk_free - shutil.disk_usage(tmp_path).free) < GIGABYTE


def test_a_containers_limit_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(machine, "MEMORY_LIMITS", (limit,))
    limit.write_text("1000000\n")
    found = describe("cpu", threads=1, folder=tmp_path)
    assert found.memory in (1_000_000, None) and found.memory_free in (1_000_000, None)
    limit.write_text("max\n")
    assert describe("cpu", threads=1, folder=tmp_path).memory != 1_000_000


def test_what_the_system_does_not_tell_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "MEMORY_TABLE", tmp_path / "nothing")
    monkeypatch.delattr(os, "sysconf", raising=False)
    found = describe("cpu", threads=1, folder=tmp_path)
    assert (found.memory, found.memory_free) == (None, None)


def test_a_folder_that_is_not_made_yet_lies_on_a_disk_too(tmp_path: Path) -> None:
    assert describe("cpu", threads=1, folder=tmp_path / "not" / "yet").disk_free is not None
