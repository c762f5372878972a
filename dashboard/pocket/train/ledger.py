"""Losses to CSV, progress with an estimate of the time left."""

import csv
import sys
import time
from pathlib import Path


class Ledger:
    """Averages losses over `every` steps, appends them to a CSV file and says how far the phase is."""

    def __init__(self, path: Path, phase: str, total: int, *, every: int = 20) -> None:
        self.path, self.phase, self.total, self.every = path, phase, total, every
        self._sums: dict[str, float] = {}
        self._count = 0
        self._since = time.monotonic()

    def add(self, step: int, losses: dict[str, float]) -> None:
        for name, value in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._count += 1
        if self._count >= self.every or step >= self.total:
            self._write(step)

    def _write(self, step: int) -> None:
        means = {name: total / self._count for name, total in self._sums.items()}
        seconds = (time.monotonic() - self._since) / self._count
        new = not self.path.exists()
        with self.path.open("a", newline="") as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(["phase", "step", "loss", "value", "seconds_per_step"])
            for name, value in means.items():
                writer.writerow([self.phase, step, name, f"{value:.6f}", f"{seconds:.3f}"])
        left = (self.total - step) * seconds
        shown = "  ".join(f"{name} {value:.4f}" for name, value in means.items())
        pace = f"{seconds:.2f} s a step, {left / 60:.0f} min left"
        sys.stderr.write(f"{self.phase} {step}/{self.total}  {shown}  {pace}\n")
        sys.stderr.flush()
        self._sums, self._count, self._since = {}, 0, time.monotonic()
