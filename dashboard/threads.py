"""Torch's count of processor threads, for one thread alone.

Torch keeps a count a thread, but `torch.set_num_threads` also changes what every thread that starts later begins with.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import torch

_CHANGING = threading.Lock()


def use_here(count: int) -> None:
    """The calling thread computes with `count` processor threads; what later threads begin with stays as it was.

    A thread that uses torch for the first time while this runs may begin with `count` too.
    """
    before: list[int] = []
    torch.get_num_threads()  # a thread takes what it begins with at its first use of torch: that must lie behind it
    with _CHANGING:
        _elsewhere(lambda: before.append(torch.get_num_threads()))  # a new thread tells what new threads begin with
        torch.set_num_threads(count)
        _elsewhere(lambda: torch.set_num_threads(before[0]))


def _elsewhere(work: Callable[[], None]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
