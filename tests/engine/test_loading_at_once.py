"""Two models that are loaded at the same moment, in a process that has loaded none before, both come."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys, threading
from dashboard.engine import ModelRegistry

models, together = ModelRegistry.build([f"tiny={sys.argv[1]}"], device="cpu"), threading.Barrier(2)

def load(model_id):
    together.wait()
    models.get(model_id)
    print(model_id)

threads = [threading.Thread(target=load, args=(model_id,)) for model_id in ("pocket", "tiny")]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_the_libraries_lazy_modules_are_not_entered_by_two_threads(tiny_folder: Path) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", PROGRAM, str(tiny_folder)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=200, check=True)
    assert sorted(done.stdout.split()) == ["pocket", "tiny"], done.stderr[-2000:]
