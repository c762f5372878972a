"""What was there first is what is used ever after: for each hub model its commit and the hash of each file.

And for each listed single file, by its path: its hash and those of the configs that it is read with.

One JSON file in the data folder. The operator who wants another version deletes the model's entry.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dashboard.engine.errors import ModelUnavailable


@dataclass(frozen=True)
class Pin:
    """One model."""

    commit: str  # empty for one that was not downloaded
    files: Mapping[str, str]  # SHA-256 by path in its repository or folder


class Pins:
    """Thread-safe. Without a file it remembers for as long as the process lives."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._pins: dict[str, Pin] = {}

    def get(self, repository: str) -> Pin | None:
        """ModelUnavailable if the file is there and cannot be read: an unread pin must not count as none."""
        with self._lock:
            return self._read().get(repository)

    def check(self, repository: str, commit: str, files: Mapping[str, str]) -> None:
        """Record what is here at the first time, and compare with it ever after.

        ModelUnavailable, one sentence, if the commit or a file is another one. A file of a kind that was not read
        before (another variant) is added.
        """
        with self._lock:
            pins = self._read()
            known = pins.get(repository)
            if known is not None:
                _compare(repository, known, commit, files, self._file)
                if set(files) <= set(known.files):
                    return
                files = {**known.files, **files}
            self._write({**pins, repository: Pin(commit, dict(files))})

    def _read(self) -> dict[str, Pin]:
        if self._file is None or not self._file.exists():
            return self._pins
        try:
            entries = json.loads(self._file.read_text(encoding="utf-8"))
            return {name: Pin(str(entry["commit"]), dict(entry["files"])) for name, entry in entries.items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise ModelUnavailable(f"The record of downloaded models, {self._file}, cannot be read.") from None

    def _write(self, pins: dict[str, Pin]) -> None:
        self._pins = pins
        if self._file is None:
            return
        entries = {name: {"commit": pin.commit, "files": dict(pin.files)} for name, pin in pins.items()}
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._file.parent, prefix=".new-")
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(entries, stream, indent=2, sort_keys=True)
            Path(name).replace(self._file)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ModelUnavailable(f"The record of downloaded models cannot be written: {reason}.") from error


def _compare(repository: str, known: Pin, commit: str, files: Mapping[str, str], record: Path | None) -> None:
    hint = f"To use it all the same, delete its entry in {record}." if record else ""
    if commit != known.commit:
        raise ModelUnavailable(
            f"{repository} is here at commit {commit[:12]}; {known.commit[:12]} was downloaded first. {hint}".strip()
        )
    changed = next((name for name, sha in sorted(files.items()) if known.files.get(name, sha) != sha), None)
    if changed is not None:
        came = "downloaded" if known.commit else "used"
        raise ModelUnavailable(f"{repository} is not what was {came} first: {changed} has changed. {hint}".strip())
