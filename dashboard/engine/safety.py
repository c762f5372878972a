"""The safety checker that some models bring (Stable Diffusion v1.4 does): a picture it refuses comes out black.

It compares the picture's CLIP embedding with fixed concepts: Rando et al. 2022, Red-Teaming the Stable Diffusion Safety
Filter, arXiv:2210.04610, says which, and how often it errs.
"""

from __future__ import annotations

from typing import Any

import torch
from PIL import Image

from dashboard.engine.folders import ModelFolder


class SafetyChecker:
    """Used by the worker only."""

    def __init__(self, checker: Any, extractor: Any) -> None:
        self._checker, self._extractor = checker, extractor

    @property
    def network(self) -> torch.nn.Module:
        module: torch.nn.Module = self._checker
        return module

    @torch.inference_mode()
    def refuses(self, picture: Image.Image) -> bool:
        """Whether the model's makers would not show this picture. Their code, their thresholds."""
        views = self._extractor(picture, return_tensors="pt").pixel_values
        parameter = next(self._checker.parameters())
        seen = torch.zeros(1, 1)  # the checker blackens what it is given; only its verdict is wanted
        _, refused = self._checker(clip_input=views.to(parameter.device, parameter.dtype), images=seen)
        return bool(refused[0])


def load_safety_checker(folder: ModelFolder, *, device: str, dtype: torch.dtype) -> SafetyChecker | None:
    """The folder's own checker, or None where it names none."""
    if not folder.has_safety_checker:
        return None
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPImageProcessor

    from dashboard.engine.networks import load_part

    extractor = CLIPImageProcessor.from_pretrained(folder.path / "feature_extractor", local_files_only=True)
    checker = load_part(StableDiffusionSafetyChecker, folder, "safety_checker")
    return SafetyChecker(checker.to(device, dtype).eval(), extractor)
