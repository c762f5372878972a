"""One model in memory, and what a request to it becomes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import torch

from dashboard.building import import_libraries
from dashboard.engine.folders import SDXL
from dashboard.engine.model_files import ModelFiles
from dashboard.engine.model_info import ModelInfo
from dashboard.engine.networks import Networks, dtype_works, load_networks, load_tokenizers
from dashboard.engine.previews import Preview, fit_preview
from dashboard.engine.reader import PromptReader
from dashboard.engine.requests import ImageRequest
from dashboard.engine.safety import SafetyChecker, load_safety_checker
from dashboard.engine.schedulers import SchedulerShelf


class LoadedModel(PromptReader):
    """One model in memory. Its networks in another dtype than the default are loaded when first wanted."""

    def __init__(
        self,
        info: ModelInfo,
        *,
        tokenizer: Any,
        scheduler_config: Mapping[str, Any],
        weights_sha256: str,
        load: Callable[[str], Networks],
        safety_checker: SafetyChecker | None = None,
    ) -> None:
        """`load` gives the networks in a dtype; `tokenizer` is the one that learners' prompts are shown with."""
        super().__init__(info, tokenizer)
        self.tokenizer = tokenizer
        self.schedulers = SchedulerShelf(scheduler_config)
        self.weights_sha256 = weights_sha256
        self.safety_checker = safety_checker
        self._load = load
        self.load_seconds = 0.0  # that reading it into memory took, a download left out
        self._networks: dict[str, Networks] = {}
        self._preview: Preview | None = None
        self._lock = threading.Lock()

    @classmethod
    def from_files(cls, info: ModelInfo, files: ModelFiles, *, safety: bool) -> LoadedModel:
        """Load tokenizers and, where it is wanted and there is one, the safety checker. `ModelUnavailable`."""
        import_libraries()
        folder = files.folder
        tokenizers = load_tokenizers(folder)

        def load(dtype: str) -> Networks:
            return load_networks(
                folder,
                tokenizers,
                device=info.device,
                dtype=getattr(torch, dtype),
                lora=files.lora,
                speed=info.speed,
            )

        default = getattr(torch, info.dtype)
        return cls(
            info,
            tokenizer=tokenizers[0],
            scheduler_config=folder.configs["scheduler"],
            weights_sha256=files.weights_sha256(),
            load=load,
            safety_checker=load_safety_checker(folder, device=info.device, dtype=default) if safety else None,
        )

    def networks(self, dtype: str) -> Networks:
        """In "float32", "bfloat16" or "float16"; loads at the first call. Thread-safe."""
        loaded = self._networks.get(dtype)
        if loaded is not None:  # the worker must not wait while another dtype is being loaded
            return loaded
        with self._lock:
            if dtype not in self._networks:
                self._networks[dtype] = self._load(dtype)
            return self._networks[dtype]

    def preview(self, networks: Networks) -> Preview:
        """The model's rough look at latents; fitted at the first call."""
        if self._preview is None:
            self._preview = fit_preview(networks.decode, self.info.latent_channels)
        return self._preview


def resolve(request: ImageRequest, info: ModelInfo) -> ImageRequest:
    """The request with its defaults filled in from the model. ValueError, one sentence, for what the model forbids."""
    height, width = request.height or info.native_size, request.width or info.native_size
    for side, pixels in (("height", height), ("width", width)):
        if not info.min_size <= pixels <= info.max_size or pixels % info.size_multiple:
            raise ValueError(
                f"For {info.name} the {side} must be a multiple of {info.size_multiple} "
                f"from {info.min_size} to {info.max_size} pixels."
            )
    shape = latent_shape(info, request)
    if request.latents is not None and request.latents.shape != shape:
        raise ValueError(f"For this size of {info.name} the latents must have the shape {shape}.")
    for word in request.learned_words:
        if word.width != info.text_width or info.pipeline == SDXL.pipeline:
            raise ValueError(f"The word {word.token} was taught to another model: {info.name} cannot read it.")
    if request.noise_device == "model" and info.device == "cpu":
        raise ValueError("This server has no graphics card, so its noise always comes from the processor.")
    dtype = info.dtype if request.dtype == "default" else request.dtype
    if not dtype_works(info.device, getattr(torch, dtype)):
        raise ValueError(f"This machine cannot compute in {dtype}.")
    return request.replace(height=height, width=width, dtype=dtype)


def latent_shape(info: ModelInfo, request: ImageRequest) -> tuple[int, int, int, int]:
    """(1, C, h, w) of an image's latents."""
    height, width = request.height or info.native_size, request.width or info.native_size
    return (1, info.latent_channels, height // info.vae_scale_factor, width // info.vae_scale_factor)
