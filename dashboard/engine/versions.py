"""What an image's bits depend on besides its request and weights."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from importlib.metadata import version
from types import MappingProxyType

ENGINE_VERSION = "1"  # raise it whenever equal requests may give other bits than before


def versions(speed: Collection[str] = ()) -> dict[str, str]:
    """Versions of the engine and of the libraries that compute, read without importing them; speed switches, if any."""
    switched = {"speed": ", ".join(sorted(speed))} if speed else {}
    more = {"openvino": version("openvino")} if "openvino" in speed else {}
    return {"engine": ENGINE_VERSION, **_libraries(), **switched, **more}


@cache
def _libraries() -> Mapping[str, str]:
    return MappingProxyType({name: version(name) for name in ("torch", "diffusers", "transformers")})
