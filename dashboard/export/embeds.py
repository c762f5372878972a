"""A learned word as the file that other programs read."""

from __future__ import annotations

from safetensors.torch import save

from dashboard.engine import LearnedWord

LEARNED_EMBEDS = "learned_embeds.safetensors"  # the name that diffusers looks for in a folder


def learned_embeds(word: LearnedWord) -> bytes:
    """The word in diffusers' textual inversion format: `pipe.load_textual_inversion(path)` takes it."""
    return save({word.token: word.tensor()})
