"""The networks that a word is taught to: their own copies, so that nobody else's images can change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dashboard.engine import ModelInfo, ModelUnavailable
from dashboard.engine.folders import SDXL, inspect_folder
from dashboard.engine.networks import SMALL_NETWORK, load_parts, load_tokenizers, token_ids
from dashboard.engine.schedulers import SchedulerShelf
from dashboard.engine.words import read_with, with_tokens

MOST_WEIGHT = 10.0  # of a noisy picture, where one with as much noise as signal has 1


class Student:
    """A small model in float32 on the CPU, frozen. Used by one thread at a time."""

    def __init__(self, info: ModelInfo) -> None:
        """Load it from its folder. `ModelUnavailable`, one sentence, for a model that is too large or not a folder."""
        path = Path(info.source)
        if not path.is_dir():
            raise ModelUnavailable(f"A new word can only be taught to a model in a folder here; {info.name} is not.")
        folder = inspect_folder(path)
        if folder.family is SDXL:
            raise ModelUnavailable(f"{info.name} has two text encoders, so this way of teaching does not fit it.")
        parts: dict[str, Any] = load_parts(folder)
        for network in parts.values():
            network.requires_grad_(False)
        self._text_encoder, self._unet, self._vae = parts["text_encoder"], parts["unet"], parts["vae"]
        if sum(parameter.numel() for parameter in self._unet.parameters()) > SMALL_NETWORK:
            raise ModelUnavailable(f"{info.name} is too large to be taught a word on this server.")
        self._tokenizer = load_tokenizers(folder)[0]
        self._known = len(self._tokenizer)
        schedule = folder.configs["scheduler"]
        if schedule.get("prediction_type", "epsilon") != "epsilon":
            raise ModelUnavailable(f"{info.name} does not predict noise, so this way of teaching does not fit it.")
        self._alphas_cumprod: Tensor = (
            SchedulerShelf(schedule).new("ddim").alphas_cumprod
        )  # (1000,): the picture's share
        weights = ((1 - self._alphas_cumprod) / self._alphas_cumprod).clamp(max=MOST_WEIGHT)
        self._weights = weights / weights.mean()
        self.side = info.native_size  # pixels

    @property
    def timesteps(self) -> int:
        return len(self._alphas_cumprod)

    @torch.no_grad()
    def latents(self, pictures: Sequence[bytes]) -> Tensor:
        """The pictures, RGB bytes, and their mirror images as scaled latents, (2 N, C, h, w)."""
        shape = (self.side, self.side, 3)
        arrays = [np.frombuffer(picture, dtype=np.uint8).reshape(shape) for picture in pictures]
        pixels = torch.from_numpy(np.stack(arrays)).movedim(-1, 1).float() / 127.5 - 1  # (N, 3, H, W)
        both = torch.cat([pixels, pixels.flip(-1)])
        scaled: Tensor = self._vae.encode(both).latent_dist.mode() * self._vae.config.scaling_factor
        return scaled

    def embedding(self, words: str) -> Tensor:
        """The mean of the text encoder's own vectors for these words, (D,). ValueError for none."""
        ids = self._tokenizer(words, add_special_tokens=False).input_ids
        if not ids:
            raise ValueError("The start word is empty: give a word that the model knows.")
        table: Tensor = self._text_encoder.get_input_embeddings().weight
        return table[ids].mean(0)

    def ids(self, prompts: Sequence[str], token: str) -> Tensor:
        """Token ids, (P, T), of prompts in which `token` is the new word."""
        tokenizer = with_tokens(self._tokenizer, [token])
        most = self._text_encoder.config.max_position_embeddings
        return torch.cat([token_ids(tokenizer, most, prompt) for prompt in prompts])

    @torch.no_grad()
    def shorten(self, vector: Tensor) -> None:
        """Bring a vector, (D,), that has grown longer than the model's own are in the mean back to that length.

        A longer one drowns the words beside it.
        """
        table: Tensor = self._text_encoder.get_input_embeddings().weight
        vector.mul_((table.norm(dim=1).mean() / vector.norm()).clamp(max=1))

    def noise_errors(self, vector: Tensor, ids: Tensor, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """The mean squared error of the predicted noise, weighted, (B,); gradients reach `vector`, (D,).

        The loss that the model itself was trained with (Ho et al. 2020, arXiv:2006.11239, equation 14), but noisier
        pictures count more, for there the words decide: each by 1 / SNR, which makes it the error of the predicted
        original (Hang et al. 2023, arXiv:2303.09556, section 3.2), up to a bound. The weights' mean is 1.
        """
        level = self._alphas_cumprod[timesteps].view(-1, 1, 1, 1)
        noisy = level.sqrt() * latents + (1 - level).sqrt() * noise
        text = read_with(self._text_encoder, ids, vector[None], known=self._known)  # (B, T, D)
        predicted: Tensor = self._unet(noisy, timesteps, text, return_dict=False)[0]
        return (predicted - noise).square().mean(dim=(1, 2, 3)) * self._weights[timesteps]
