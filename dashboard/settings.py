"""Every setting of the server, in one place.

A setting comes from the environment (`DASHBOARD_` and its name in capitals), else from the `[dashboard]` table of
`.streamlit/secrets.toml`, else from its default. The README's table lists them all.
"""

from __future__ import annotations

import dataclasses
import os
import re
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PREFIX = "DASHBOARD_"
_BOUNDS = {
    "memo_megabytes": (0, 1_000_000),
    "max_waiting": (1, 100_000),
    "max_models": (1, 64),
    "threads": (1, 1_024),
    "faces_timeout": (1, 600),
}
_CHOICES = {"dtype": ("auto", "float32", "bfloat16", "float16"), "safety": ("on", "off", "required")}
SECRETS = Path(".streamlit/secrets.toml")


def default_data_dir(platform: str = sys.platform, environ: Mapping[str, str] = os.environ) -> Path:
    """Where this system keeps an application's data."""
    home = Path.home()
    if platform == "win32":
        base = Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return base / "diffusion-dashboard"


def usable_cores() -> int:
    """The cores that this process may use (a container may have fewer than its machine)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the operator can set."""

    data_dir: Path = field(default_factory=default_data_dir)  # the memo, the database, exports
    models: tuple[str, ...] = ()  # beside Pocket: see `engine.sources.parse_source`
    memo_megabytes: int = 256  # finished images kept on disk; 0 turns the memo off
    max_waiting: int = 512  # images that may wait before the engine says that it is full
    max_models: int = 2  # in memory at a time; others wait until one has finished what it started
    threads: int = field(default_factory=usable_cores)  # processor threads for the model
    device: str = "auto"  # "auto" takes a GPU where there is one; "cpu", "cuda", "cuda:1"
    dtype: str = "auto"  # of requests that name none: "auto", "float32", "bfloat16", "float16"
    speed: tuple[str, ...] = ()  # switches of `engine.speed.SWITCHES`: faster, for images that may differ
    safety: str = "on"  # "on": a model's own safety checker; "off": none; "required": models without one are refused
    faces_api: str = ""  # address of a face restorer on another server; empty: none
    faces_timeout: int = 30  # seconds that a call to it may take in all
    faces_weights: str = ""  # GFPGAN's or RestoreFormer's weights on this machine, "file#sha256"; empty: none
    faces_finder: str = ""  # YuNet's model on this machine, "file#sha256"; empty: Pocket's own finder

    def __post_init__(self) -> None:
        for name, (low, high) in _BOUNDS.items():
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{setting_name(name)} must be a whole number from {low} to {high}.")
        if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", self.device):
            raise ValueError(f'{setting_name("device")} must be "auto", "cpu", "cuda" or "cuda:" and a number.')
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{setting_name(name)} must be one of {', '.join(choices)}.")

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ, secrets: Path = SECRETS) -> Settings:
        """Read the settings; `ValueError` names the one that is wrong."""
        table = _secrets_table(secrets)
        unknown = set(table) - {f.name for f in dataclasses.fields(cls)}
        if unknown:
            raise ValueError(f"{secrets} has an unknown setting: {min(unknown)}.")
        values: dict[str, Any] = {}
        for name, parse in _PARSERS.items():
            raw = environ.get(setting_name(name)) or table.get(name)
            if raw is not None:
                values[name] = _parsed(name, parse, raw)
        return cls(**values)


load_settings = Settings.load


def setting_name(field_name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + field_name.upper()


def _secrets_table(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("dashboard", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not valid TOML: {error}.") from None
    return table if isinstance(table, dict) else {}


def _parsed(name: str, parse: Callable[[Any], Any], raw: object) -> object:
    try:
        return parse(raw)
    except (TypeError, ValueError):
        raise ValueError(f"{setting_name(name)} cannot be {raw!r}.") from None


def _whole(raw: object) -> int:
    if isinstance(raw, bool) or not isinstance(raw, (int, str)):
        raise TypeError(raw)
    return int(raw)


def _text(raw: object) -> str:
    if not isinstance(raw, str):
        raise TypeError(raw)
    return raw.strip()


def _list(raw: object) -> tuple[str, ...]:
    parts = raw.split(",") if isinstance(raw, str) else raw
    if not isinstance(parts, list):
        raise TypeError(raw)
    return tuple(_text(part) for part in parts if _text(part))


_PARSERS: dict[str, Callable[[Any], Any]] = {
    "data_dir": lambda raw: Path(_text(raw)).expanduser(),
    "models": _list,
    "memo_megabytes": _whole,
    "max_waiting": _whole,
    "max_models": _whole,
    "threads": _whole,
    "device": _text,
    "dtype": _text,
    "speed": _list,
    "safety": _text,
    "faces_api": _text,
    "faces_timeout": _whole,
    "faces_weights": _text,
    "faces_finder": _text,
}
