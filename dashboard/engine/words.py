"""A word that a model was taught after its training: one vector, which the text encoder looks up for a new token.

Textual inversion (Gal et al. 2022, arXiv:2208.01618). The networks stay as they are: the vector travels in the request.
"""

from __future__ import annotations

import base64
import binascii
import copy
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call

MAX_WIDTH = 4_096  # numbers of a vector; Stable Diffusion 1.x has 768
_TOKEN = re.compile(r"<[a-z][a-z0-9-]{0,23}>")


@dataclass(frozen=True)
class LearnedWord:
    """A new token and its embedding. Hashable and picklable. ValueError, one sentence, for anything else."""

    token: str  # as it stands in prompts: "<name>"
    data: bytes  # its vector: little-endian float32, as many as the model's words have (D)

    def __post_init__(self) -> None:
        if not isinstance(self.token, str) or not _TOKEN.fullmatch(self.token):
            raise ValueError(
                "A new word is written <name>: up to 24 small letters, digits and hyphens, a letter first."
            )
        if not isinstance(self.data, bytes) or len(self.data) % 4 or not 4 <= len(self.data) <= 4 * MAX_WIDTH:
            raise ValueError(f"A new word has one vector of 1 to {MAX_WIDTH:,} float32 numbers.")
        if not np.isfinite(np.frombuffer(self.data, dtype="<f4")).all():
            raise ValueError("A new word's vector must hold finite numbers.")

    @classmethod
    def from_tensor(cls, token: str, vector: Tensor) -> LearnedWord:
        """Copy a (D,) tensor; ValueError for any other shape."""
        if vector.dim() != 1:
            raise ValueError("A new word has one vector.")
        return cls(token, vector.detach().to("cpu", torch.float32).numpy().astype("<f4").tobytes())

    def tensor(self) -> Tensor:
        """A fresh (D,) float32 tensor on the CPU."""
        return torch.from_numpy(np.frombuffer(self.data, dtype="<f4").astype(np.float32))

    @property
    def width(self) -> int:
        """D: the numbers of its vector."""
        return len(self.data) // 4

    @cached_property
    def sha256(self) -> str:
        """Hash of the vector's bytes."""
        return hashlib.sha256(self.data).hexdigest()

    def as_dict(self) -> dict[str, object]:
        """JSON-able form; `from_dict` reads it back."""
        return {"token": self.token, "sha256": self.sha256, "base64": base64.b64encode(self.data).decode("ascii")}

    @classmethod
    def from_dict(cls, values: object) -> LearnedWord:
        """ValueError unless `values` is what `as_dict` gives, hash included."""
        if not isinstance(values, Mapping) or set(values) != {"token", "sha256", "base64"}:
            raise ValueError("A new word is written as token, sha256 and base64.")
        text = values["base64"]
        if not isinstance(text, str) or len(text) > 6 * MAX_WIDTH:
            raise ValueError("A new word is written as token, sha256 and base64.")
        try:
            word = cls(values["token"], base64.b64decode(text, validate=True))
        except binascii.Error:
            raise ValueError("The base64 of a new word is damaged.") from None
        if word.sha256 != values["sha256"]:
            raise ValueError("A new word does not match its sha256.")
        return word


def with_tokens(tokenizer: Any, tokens: Sequence[str]) -> Any:
    """A copy of the tokenizer that reads each of `tokens` as one token; their ids follow the vocabulary's."""
    copied = copy.deepcopy(tokenizer)
    copied.add_tokens(list(tokens))
    return copied


def read_with(text_encoder: Any, ids: Tensor, vectors: Tensor, *, known: int) -> Tensor:
    """The text encoder's output, (B, T, D), for ids (B, T) where id `known` + i stands for `vectors[i]`, (N, D).

    The table of embeddings is lengthened for this call only. Gradients reach `vectors`.
    """
    table = text_encoder.get_input_embeddings().weight  # (V, D)
    name = next(name for name, parameter in text_encoder.named_parameters() if parameter is table)
    lengthened = torch.cat([table[:known], vectors.to(table)])
    output: Tensor = functional_call(text_encoder, {name: lengthened}, (ids,), {"return_dict": False})[0]
    return output
