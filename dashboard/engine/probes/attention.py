"""Which words each place of the picture attends to: the U-Net's cross-attention, layer by layer, gathered on one grid.

After DAAM (Tang et al. 2022, What the DAAM, arXiv:2210.04885): the softmax probabilities of all cross-attention layers
("attn2" in diffusers), averaged over heads, resized to one grid and added up. Here they are resized bilinearly and
divided by the number of layers, so that at each place the maps of all tokens add up to 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from dashboard.engine.models import LoadedModel
from dashboard.engine.networks import Networks
from dashboard.engine.probes.latents import networks_of, predict_noise
from dashboard.engine.tokens import PromptReading, read_prompt
from dashboard.engine.traces import StepTrace, kept


@dataclass(frozen=True, kw_only=True, eq=False)
class WordMap:
    """Share of each place's attention that goes to one word: (h, w), 0 .. 1. A word of several tokens is their sum."""

    word: str
    positions: tuple[int, ...]  # of its tokens in the prompt
    map: Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class AttentionMaps:
    """Cross-attention of the conditional row at one step. At each place words, start, end and padding add up to 1."""

    step: int
    timestep: int
    words: tuple[WordMap, ...]  # in the order of the prompt
    start: Tensor  # (h, w), to the marker before the words
    end: Tensor  # to the marker after them
    padding: Tensor  # to all padding behind it
    layers: int  # cross-attention layers gathered
    prediction: Tensor  # what the U-Net predicted meanwhile: `StepTrace.conditional` again


def attention_maps(model: LoadedModel, prompt: str, step: StepTrace) -> AttentionMaps:
    """Evaluate the U-Net again on a traced step's latents, and keep what its cross-attention looks at.

    For `Engine.consult`, a step a call. The maps have the size of the latents.
    """
    with recorded_attention(networks_of(model)) as layers:
        prediction = predict_noise(model, step.unit_latents, step.timestep, prompt)
    grid = (step.latents.shape[-2], step.latents.shape[-1])
    tokens = torch.stack([_on_grid(probabilities, grid) for probabilities in layers.values()]).mean(0)  # (T, h, w)
    reading = read_prompt(model, prompt)
    return AttentionMaps(
        step=step.step,
        timestep=step.timestep,
        words=tuple(
            WordMap(word=word.text, positions=word.positions, map=tokens[list(word.positions)].sum(0))
            for word in reading.words
        ),
        start=_sum(tokens, reading, "start"),
        end=_sum(tokens, reading, "end"),
        padding=_sum(tokens, reading, "padding"),
        layers=len(layers),
        prediction=prediction,
    )


@contextmanager
def recorded_attention(networks: Networks) -> Iterator[dict[str, Tensor]]:
    """While it lasts, each cross-attention layer's probabilities, (places, T), of the first row, by the layer's name.

    The ordinary processors still compute the output, so what the U-Net predicts does not change; they are put back at
    the end, also after an error.
    """
    layers: dict[str, Tensor] = {}
    ordinary = {n: m for n, m in networks.unet.named_modules() if n.endswith(".attn2")}
    processors = {name: layer.processor for name, layer in ordinary.items()}
    try:
        for name, layer in ordinary.items():
            layer.set_processor(_Recorder(name, layer.processor, layers))
        with networks.in_torch():
            yield layers
    finally:
        for name, layer in ordinary.items():
            layer.set_processor(processors[name])


class _Recorder:
    """Stands before a layer's processor and notes the probabilities that it is about to use."""

    def __init__(self, name: str, ordinary: Any, layers: dict[str, Tensor]) -> None:
        self._name, self._ordinary, self._layers = name, ordinary, layers

    def __call__(
        self, attn: Any, hidden_states: Tensor, encoder_hidden_states: Tensor, *args: Any, **named: Any
    ) -> Any:
        query = attn.head_to_batch_dim(attn.to_q(hidden_states[:1]))  # (heads, places, D)
        key = attn.head_to_batch_dim(attn.to_k(encoder_hidden_states[:1]))  # (heads, T, D)
        scores = query.float() @ key.float().transpose(-1, -2) * attn.scale
        self._layers[self._name] = kept(scores.softmax(dim=-1).mean(0))  # (places, T)
        return self._ordinary(attn, hidden_states, encoder_hidden_states, *args, **named)


def _on_grid(probabilities: Tensor, grid: tuple[int, int]) -> Tensor:
    """(places, T) of a layer to (T, h, w): a layer sees the picture at full size or halved some times."""
    places, tokens = probabilities.shape
    shrink = math.sqrt(grid[0] * grid[1] / places)
    coarse = probabilities.T.reshape(1, tokens, round(grid[0] / shrink), round(grid[1] / shrink))
    return functional.interpolate(coarse, size=grid, mode="bilinear", align_corners=False)[0]


def _sum(tokens: Tensor, reading: PromptReading, kind: str) -> Tensor:
    return tokens[[token.position for token in reading.tokens if token.kind == kind]].sum(0)
