"""From arguments to an exit status: results on stdout, one line on stderr for anything that went wrong."""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Sequence

from dashboard.cli.commands import run_bench, run_image, run_models, run_verify
from dashboard.cli.faces_server import run_faces_server
from dashboard.cli.grid import run_grid
from dashboard.cli.parser import build_parser
from dashboard.cli.work import Outcome
from dashboard.engine import JobCancelled, JobFailed, ModelUnavailable, QueueFull

BAD_INPUT, BROKEN, INTERRUPTED = 2, 70, 130  # 70: EX_SOFTWARE; 1 belongs to `verify`
COMMANDS = {
    "image": run_image,
    "grid": run_grid,
    "verify": run_verify,
    "bench": run_bench,
    "models": run_models,
    "faces-server": run_faces_server,
}
_SAID = (ValueError, OSError, ModelUnavailable, QueueFull, JobFailed, JobCancelled)  # their messages are sentences


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    _quiet_libraries()
    try:
        arguments = build_parser().parse_args(argv)
        return _print(COMMANDS[arguments.command](arguments), as_json=arguments.json)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN
    except _SAID as error:
        _complain(str(error))
        return BAD_INPUT
    except Exception as error:  # a bug of ours; people get a line, not a traceback
        _complain(f"Something broke inside the dashboard ({type(error).__name__}: {error}).")
        return BROKEN


def _quiet_libraries() -> None:
    """Keep the libraries' advice and loading bars off stderr, which is for our one line; they look when imported."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    for name in ("TRANSFORMERS_VERBOSITY", "DIFFUSERS_VERBOSITY", "HF_HUB_VERBOSITY"):
        os.environ.setdefault(name, "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")


def _print(outcome: Outcome, *, as_json: bool) -> int:
    sys.stdout.write((json.dumps(outcome.summary, indent=2) if as_json else outcome.text) + "\n")
    sys.stdout.flush()
    return outcome.status


def _complain(message: str) -> None:
    sys.stderr.write("dashboard: " + " ".join(message.split()) + "\n")
