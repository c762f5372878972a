"""What this machine has, measured now: processor, cores, memory, disk, graphics card and versions.

Figures that the system does not tell are None; nobody guesses them.
"""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from dashboard.settings import usable_cores

MEMORY_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
MEMORY_TABLE = Path("/proc/meminfo")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """One machine at one moment. Memory and disk in bytes."""

    system: str
    processor: str
    cores: int  # that this process may use
    threads: int  # that the model computes with
    device: str  # the graphics card's name, or "cpu"
    device_memory: int | None  # of the graphics card; None without one
    memory: int | None
    memory_free: int | None
    disk_free: int | None  # where the dashboard keeps its data
    python: str
    torch: str
    diffusers: str
    transformers: str
    streamlit: str


def describe(device: str, *, threads: int, folder: Path) -> Machine:
    """Measure now. `device`: what the engine computes on, as torch names it; `folder`: where data is kept."""
    name, device_memory = _card(device)
    return Machine(
        system=platform.platform(),
        processor=_processor(),
        cores=usable_cores(),
        threads=threads,
        device=name,
        device_memory=device_memory,
        memory=_memory(),
        memory_free=_memory_free(),
        disk_free=_disk_free(folder),
        python=platform.python_version(),
        torch=version("torch"),
        diffusers=version("diffusers"),
        transformers=version("transformers"),
        streamlit=version("streamlit"),
    )


def _card(device: str) -> tuple[str, int | None]:
    if not device.startswith("cuda"):
        return device, None
    import torch

    return torch.cuda.get_device_name(device), int(torch.cuda.get_device_properties(device).total_memory)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _memory() -> int | None:
    """What this process may use: a container may have less than its machine."""
    try:
        whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return None
    return min([whole, *_limits()])


def _memory_free() -> int | None:
    """What the system could still give without swapping; Linux alone says it."""
    try:
        lines = MEMORY_TABLE.read_text().splitlines()
    except OSError:
        return None
    found = next((line.split()[1] for line in lines if line.startswith("MemAvailable:")), None)
    return min([int(found) * 1024, *_limits()]) if found is not None else None


def _limits() -> list[int]:
    texts = [path.read_text().strip() for path in MEMORY_LIMITS if path.is_file()]
    return [int(text) for text in texts if text.isdigit()]  # "max": no limit


def _disk_free(folder: Path) -> int | None:
    """On the disk that holds `folder`, or will hold it."""
    there = next((place for place in (folder, *folder.absolute().parents) if place.exists()), None)
    return shutil.disk_usage(there).free if there is not None else None
