"""From words to numbers: a word's own vector, and what the text encoder makes of it in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from dashboard.engine.errors import ConsultFailed
from dashboard.engine.models import LoadedModel
from dashboard.engine.probes.latents import networks_of
from dashboard.engine.tokens import read_prompt
from dashboard.engine.traces import kept


def word_vectors(model: LoadedModel, words: Sequence[str]) -> Tensor:
    """Each word's vector from the text encoder's token table, before it reads any sentence: (N, D).

    A word of several tokens is their mean. ConsultFailed for a word of no tokens.
    """
    table = networks_of(model).text_encoder.get_input_embeddings().weight  # (vocabulary, D)
    rows = []
    for word in words:
        ids = [token.id for token in read_prompt(model, word).tokens if token.kind == "word"]
        if not ids:
            raise ConsultFailed("A word to compare has no letters.")
        rows.append(kept(table[ids].mean(0)))
    return torch.stack(rows)


def text_states(model: LoadedModel, prompt: str) -> Tensor:
    """What the U-Net reads of a prompt: a vector for each of its places, (T, D)."""
    return kept(networks_of(model).encode(prompt)[0])


def cosines(vectors: Tensor) -> Tensor:
    """Cosine of the angle between each two vectors, (N, D) -> (N, N): 1 the same direction, 0 unrelated."""
    units = vectors / vectors.norm(dim=1, keepdim=True)
    return (units @ units.T).clamp(-1, 1)
