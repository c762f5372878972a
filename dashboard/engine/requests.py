"""What one image is made from. A request is checked when it is built, so a bad one never reaches the queue."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

from dashboard.engine.schedulers import SCHEDULERS
from dashboard.engine.words import LearnedWord

MAX_PROMPT_CHARACTERS = 2_000
MAX_SEED = 2**63 - 1
MAX_STEPS = 150
MAX_GUIDANCE = 30.0
MAX_PIXELS_A_SIDE = 2_048  # no model goes beyond; each model's own limit is checked when the request is submitted
MAX_LATENT_VALUES = 1_000_000
MAX_LEARNED_WORDS = 4
NOISE_DEVICES = ("cpu", "model")
DTYPES = ("default", "float32", "bfloat16", "float16")


@dataclass(frozen=True)
class Latents:
    """Initial noise given directly: (1, C, h, w) float32, before any scheduler scales it. Hashable and picklable."""

    data: bytes  # little-endian float32, row-major
    shape: tuple[int, int, int, int]

    def __post_init__(self) -> None:
        sizes = tuple(self.shape) if isinstance(self.shape, (tuple, list)) else ()
        if len(sizes) != 4 or any(not _is_whole(n) or n < 1 for n in sizes) or sizes[0] != 1:
            raise ValueError("Latents must have the shape (1, channels, height, width).")
        object.__setattr__(self, "shape", tuple(int(n) for n in sizes))
        count = math.prod(self.shape)
        if count > MAX_LATENT_VALUES:
            raise ValueError(f"Latents may hold at most {MAX_LATENT_VALUES:,} values.")
        if not isinstance(self.data, bytes) or len(self.data) != 4 * count:
            raise ValueError("Latents must hold one float32 for each place of their shape.")
        if not np.isfinite(np.frombuffer(self.data, dtype="<f4")).all():
            raise ValueError("Latents must be finite numbers.")

    @classmethod
    def from_tensor(cls, tensor: torch.Tensor) -> Latents:
        """Copy a (1, C, h, w) or (C, h, w) tensor; ValueError for any other shape."""
        array = tensor.detach().to("cpu", torch.float32).numpy()
        array = array[None] if array.ndim == 3 else array
        return cls(np.ascontiguousarray(array, dtype="<f4").tobytes(), tuple(array.shape))

    def tensor(self) -> torch.Tensor:
        """A fresh (1, C, h, w) float32 tensor on the CPU."""
        return torch.from_numpy(np.frombuffer(self.data, dtype="<f4").astype(np.float32).reshape(self.shape))

    @cached_property
    def sha256(self) -> str:
        """Hash of the values' bytes; equals `ImageResult.noise_sha256` of an image drawn from them."""
        return hashlib.sha256(self.data).hexdigest()

    def as_dict(self) -> dict[str, object]:
        """JSON-able form; `from_dict` reads it back."""
        return {
            "sha256": self.sha256,
            "shape": list(self.shape),
            "base64": base64.b64encode(self.data).decode("ascii"),
        }

    @classmethod
    def from_dict(cls, values: object) -> Latents:
        """ValueError unless `values` is what `as_dict` gives, hash included."""
        if not isinstance(values, Mapping) or set(values) != {"sha256", "shape", "base64"}:
            raise ValueError("Latents are written as sha256, shape and base64.")
        text, shape = values["base64"], values["shape"]
        if not isinstance(text, str) or len(text) > 6 * MAX_LATENT_VALUES or not isinstance(shape, (list, tuple)):
            raise ValueError("Latents are written as sha256, shape and base64.")
        try:
            latents = cls(base64.b64decode(text, validate=True), tuple(shape))
        except binascii.Error:
            raise ValueError("The base64 of the latents is damaged.") from None
        if latents.sha256 != values["sha256"]:
            raise ValueError("The latents do not match their sha256.")
        return latents


@dataclass(frozen=True, kw_only=True)
class ImageRequest:
    """One image. Equal requests on one machine with one model give byte-identical images.

    `ValueError`, one plain sentence, for anything out of range. What depends on the model (sizes, the latents' shape,
    whether the model exists) is checked by `Engine.submit`.
    """

    prompt: str  # up to 2,000 characters; the model reads its first tokens only (77 for Stable Diffusion)
    negative_prompt: str = ""  # takes the place of the empty prompt in guidance
    seed: int = 0  # 0 .. 2**63 - 1
    num_inference_steps: int = 20  # 1 .. 150
    guidance_scale: float = 5.0  # w, 0 .. 30; w = 1 is "no guidance"; w <= 1 runs no unconditional row, as diffusers
    scheduler: str = "ddim"  # a key of SCHEDULERS
    model: str = "pocket"
    height: int | None = None  # pixels; None = the model's native size
    width: int | None = None
    dtype: str = "default"  # "default": float32 on a CPU, float16 on CUDA
    latents: Latents | None = None  # instead of the noise of the seed
    noise_device: str = "cpu"  # "cpu": a seed means the same everywhere; "model": drawn where the model computes
    learned_words: tuple[LearnedWord, ...] = ()  # new tokens that both prompts may use, up to 4

    def __post_init__(self) -> None:
        _check_text("prompt", self.prompt)
        _check_text("negative prompt", self.negative_prompt)
        self._set("seed", _whole("seed", self.seed, 0, MAX_SEED, "2^63 - 1"))
        self._set("num_inference_steps", _whole("number of steps", self.num_inference_steps, 1, MAX_STEPS))
        self._set("guidance_scale", _guidance(self.guidance_scale))
        _check_choice("scheduler", self.scheduler, tuple(SCHEDULERS))
        most = SCHEDULERS[self.scheduler].max_steps
        if self.num_inference_steps > most:
            raise ValueError(f"{SCHEDULERS[self.scheduler].label} takes at most {most} steps.")
        _check_choice("dtype", self.dtype, DTYPES)
        _check_choice("noise device", self.noise_device, NOISE_DEVICES)
        if not isinstance(self.model, str) or not 1 <= len(self.model) <= 200:
            raise ValueError("The model must be named by its id.")
        for side in ("height", "width"):
            if getattr(self, side) is not None:
                self._set(side, _whole(side, getattr(self, side), 8, MAX_PIXELS_A_SIDE))
        if self.latents is not None and not isinstance(self.latents, Latents):
            raise ValueError("The latents must be given as Latents.")
        self._set("learned_words", _words(self.learned_words))

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)  # normalised (numpy's numbers to Python's) before anyone sees it

    @property
    def guided(self) -> bool:
        """Whether this image runs an unconditional row beside the conditional one."""
        return self.guidance_scale > 1

    def as_dict(self) -> dict[str, object]:
        """JSON-able; `from_dict` is its inverse."""
        values: dict[str, object] = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        values["latents"] = self.latents.as_dict() if self.latents is not None else None
        values["learned_words"] = [word.as_dict() for word in self.learned_words]
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> ImageRequest:
        """ValueError on unknown keys, wrong types and anything out of range; missing keys take their defaults."""
        if not isinstance(values, Mapping):
            raise ValueError("A request must be a table of named values.")
        unknown = set(values) - {f.name for f in dataclasses.fields(cls)}
        if unknown:
            raise ValueError(f"A request has no field called {_quoted(min(map(str, unknown)))}.")
        if "prompt" not in values:
            raise ValueError("A request needs a prompt.")
        fields: dict[str, Any] = dict(values)
        if fields.get("latents") is not None:
            fields["latents"] = Latents.from_dict(fields["latents"])
        if isinstance(fields.get("learned_words"), (list, tuple)):
            fields["learned_words"] = tuple(map(LearnedWord.from_dict, fields["learned_words"]))
        return cls(**fields)

    def replace(self, **changes: Any) -> ImageRequest:
        """A copy with some fields changed, checked again."""
        return dataclasses.replace(self, **changes)


def _is_whole(value: object) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _quoted(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= 40 else text[:40] + "...")


def _check_text(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise ValueError(f"The {name} must be text.")
    if len(value) > MAX_PROMPT_CHARACTERS:
        raise ValueError(f"The {name} may have at most {MAX_PROMPT_CHARACTERS:,} characters; this has {len(value):,}.")
    if "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise ValueError(f"The {name} holds a character that is not text.")


def _whole(name: str, value: object, low: int, high: int, high_text: str = "") -> int:
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or not low <= int(value) <= high:
        raise ValueError(f"The {name} must be a whole number from {low} to {high_text or high}.")
    return int(value)


def _guidance(value: object) -> float:
    if not isinstance(value, numbers.Real) or isinstance(value, bool) or not 0 <= float(value) <= MAX_GUIDANCE:
        raise ValueError(f"The guidance scale must be a number from 0 to {MAX_GUIDANCE:g}.")
    return float(value) + 0.0  # -0.0 becomes 0.0: one content key


def _words(words: object) -> tuple[LearnedWord, ...]:
    if not isinstance(words, (list, tuple)) or not all(isinstance(word, LearnedWord) for word in words):
        raise ValueError("New words must be given as LearnedWords.")
    if len(words) > MAX_LEARNED_WORDS or len({word.token for word in words}) < len(words):
        raise ValueError(f"An image may use at most {MAX_LEARNED_WORDS} new words, each with its own name.")
    return tuple(words)


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"The {name} must be one of {', '.join(choices)}.")
