"""Work whose outcome depends on its key alone, done once: a rerun of a page must not measure and chart again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TypeVar

T = TypeVar("T")
MAX_KEPT = 256  # tables and chart specifications: some kilobytes each

_kept: OrderedDict[Hashable, object] = OrderedDict()
_lock = threading.Lock()


def once(key: Hashable, make: Callable[[], T]) -> T:
    """What `make` gives for this key, made now or kept from before. Read-only: other pages show the same object."""
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]  # type: ignore[return-value]
    made = make()
    with _lock:
        _kept[key] = made
        while len(_kept) > MAX_KEPT:
            _kept.popitem(last=False)
    return made
