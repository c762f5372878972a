"""The command line: the same engine without a browser."""

from dashboard.cli.main import main

__all__ = ["main"]
