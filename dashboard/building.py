"""One network is built at a time in this process: the libraries patch torch itself while they build one.

And one thread at a time imports them: while one fills their lazy modules, another finds names missing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

T = TypeVar("T")

BUILDING = threading.RLock()  # hold it while building a network, also one that no library builds
_IMPORTING = threading.Lock()


def import_libraries() -> None:
    """Import what models are loaded with, so that no two threads do it later. Seconds, the first time."""
    with _IMPORTING:
        from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel  # noqa: F401
        from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker  # noqa: F401
        from transformers import (  # noqa: F401
            CLIPImageProcessor,
            CLIPImageProcessorPil,
            CLIPModel,
            CLIPTextModel,
            CLIPTextModelWithProjection,
            CLIPTokenizer,
        )


def built_once(build: Callable[[], T]) -> Callable[[], T]:
    """`build`, called once however many threads ask first; afterwards nobody waits for a lock.

    (`functools.cache` lets each of the threads that ask first build a copy of its own.)
    """
    made: list[T] = []

    @wraps(build)
    def get() -> T:
        if not made:
            with BUILDING:
                if not made:
                    made.append(build())
        return made[0]

    return get
