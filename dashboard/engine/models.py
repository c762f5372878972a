"""The models of this server: what can run, why not, and loading them, each once."""

from __future__ import annotations

import copy
import math
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from dashboard.engine import hub
from dashboard.engine.errors import ModelUnavailable, UnknownModel
from dashboard.engine.folders import ModelFolder, inspect_folder
from dashboard.engine.model_info import ModelInfo
from dashboard.engine.networks import Networks, dtype_works, load_networks, load_tokenizer, token_ids
from dashboard.engine.parts import Anatomy, anatomy_of
from dashboard.engine.previews import Preview, fit_preview
from dashboard.engine.requests import ImageRequest
from dashboard.engine.safety import load_safety_checker
from dashboard.engine.schedulers import SchedulerShelf
from dashboard.engine.sources import Source, list_sources

RETRY_DOWNLOAD_SECONDS = 60.0  # a network may come back; until then nobody waits for it again
POCKET_WEIGHTS = Path(__file__).parents[1] / "pocket" / "weights"


class LoadedModel:
    """One model in memory. Its networks in another dtype than the default are loaded when first wanted."""

    def __init__(self, info: ModelInfo, folder: ModelFolder) -> None:
        self.info = info
        self.tokenizer: Any = load_tokenizer(folder)
        self.schedulers = SchedulerShelf(folder.configs["scheduler"])
        self.weights_sha256 = folder.weights_sha256()
        self._folder = folder
        self._reader = copy.deepcopy(self.tokenizer)
        default = getattr(torch, info.dtype)
        self.safety_checker = load_safety_checker(folder, device=info.device, dtype=default)
        self.load_seconds = 0.0  # that reading it into memory took, a download left out
        self._networks: dict[str, Networks] = {}
        self._preview: Preview | None = None
        self._lock = threading.Lock()
        self._reading = threading.Lock()

    def networks(self, dtype: str) -> Networks:
        """In "float32", "bfloat16" or "float16"; loads at the first call. Thread-safe."""
        loaded = self._networks.get(dtype)
        if loaded is not None:  # the worker must not wait while another dtype is being loaded
            return loaded
        with self._lock:
            if dtype not in self._networks:
                self._networks[dtype] = load_networks(
                    self._folder, self.tokenizer, device=self.info.device, dtype=getattr(torch, dtype)
                )
            return self._networks[dtype]

    def tokenize(self, prompt: str) -> list[str]:
        """The prompt's tokens as the vocabulary writes them, uncut and without markers. Thread-safe."""
        with self._reading:  # a tokenizer is not, so this one is not the worker's
            ids = self._reader(prompt, add_special_tokens=False, verbose=False).input_ids
            return list(self._reader.convert_ids_to_tokens(ids))

    def token_ids(self, prompt: str) -> list[int]:
        """The ids that the text encoder reads: markers, the first tokens, padding. Thread-safe."""
        with self._reading:
            return list(token_ids(self._reader, self.info.prompt_tokens, prompt)[0].tolist())

    def token_texts(self, ids: Sequence[int]) -> list[str]:
        """Tokens as the vocabulary writes them. Thread-safe."""
        with self._reading:
            return list(self._reader.convert_ids_to_tokens(list(ids)))

    def vocabulary_ids(self, tokens: Sequence[str]) -> list[int]:
        """The number of each token in the vocabulary. Thread-safe."""
        with self._reading:
            return list(self._reader.convert_tokens_to_ids(list(tokens)))

    def preview(self, networks: Networks) -> Preview:
        """The model's rough look at latents; fitted at the first call."""
        if self._preview is None:
            self._preview = fit_preview(networks.decode, self.info.latent_channels)
        return self._preview


class ModelRegistry:
    """Every model that the operator listed. Thread-safe."""

    def __init__(self, sources: Sequence[Source], *, device: str) -> None:
        self.device = device
        self._sources = {source.id: source for source in sources}
        self._loaded: dict[str, LoadedModel] = {}
        self._failures: dict[str, tuple[float, str]] = {}  # when and why the last download failed
        self._locks = {source.id: threading.Lock() for source in sources}

    @classmethod
    def build(cls, listed: Sequence[str], *, device: str = "auto", pocket: Path = POCKET_WEIGHTS) -> ModelRegistry:
        """Pocket, what the operator listed, and Stable Diffusion v1.4 on a GPU. ValueError for a bad entry."""
        chosen = _device(device)
        return cls(list_sources(pocket, listed, gpu=chosen != "cpu"), device=chosen)

    def infos(self) -> tuple[ModelInfo, ...]:
        """Every model known, available or not and why not. Loads nothing and never goes to the network."""
        return tuple(self.info(model_id) for model_id in self._sources)

    def info(self, model_id: str) -> ModelInfo:
        """`UnknownModel` if nobody listed it."""
        source = self._source(model_id)
        if model_id in self._loaded:
            return self._loaded[model_id].info
        try:
            folder = self._local_folder(source)
        except ModelUnavailable as refusal:
            return self._describe(source, None, available=False, reason=str(refusal))
        if folder is None:
            return self._describe(source, None, available=True, reason="It will be downloaded at its first use.")
        return self._describe(source, folder, available=True, reason="")

    def loaded_ids(self) -> tuple[str, ...]:
        return tuple(self._loaded)

    def get(self, model_id: str) -> LoadedModel:
        """Load it, once; a hub model that is not here is downloaded first. `UnknownModel`, `ModelUnavailable`."""
        source = self._source(model_id)
        with self._locks[model_id]:
            if model_id not in self._loaded:
                folder = self._local_folder(source) or self._download(source)
                start = time.perf_counter()
                model = LoadedModel(self._describe(source, folder, available=True, reason=""), folder)
                model.networks(model.info.dtype)
                model.load_seconds = time.perf_counter() - start
                self._loaded[model_id] = model
            return self._loaded[model_id]

    def anatomy(self, model_id: str) -> Anatomy:
        """What the model is made of; loads it if it is not in memory. `UnknownModel`, `ModelUnavailable`."""
        return anatomy_of(self.get(model_id))

    def weights_sha256(self, model_id: str) -> str | None:
        """Hash of the model's files, without loading it; None while they are not on this machine."""
        if model_id in self._loaded:
            return self._loaded[model_id].weights_sha256
        folder = self._local_folder(self._source(model_id))
        return folder.weights_sha256() if folder else None

    def schedulers(self, model_id: str) -> SchedulerShelf:
        """The model's own schedulers, without loading its weights. `ModelUnavailable` while its files are not here."""
        if model_id in self._loaded:
            return self._loaded[model_id].schedulers
        folder = self._local_folder(self._source(model_id))
        if folder is None:
            raise ModelUnavailable(f"{model_id} is not on this machine yet; draw an image with it first.")
        return SchedulerShelf(folder.configs["scheduler"])

    # ---- inside

    def _source(self, model_id: str) -> Source:
        if model_id not in self._sources:
            raise UnknownModel(f"This server has no model {model_id[:60]!r}; it has {', '.join(self._sources)}.")
        return self._sources[model_id]

    def _local_folder(self, source: Source) -> ModelFolder | None:
        """The checked folder; None for a hub model that would have to be downloaded first."""
        if source.folder is not None:
            return inspect_folder(source.folder, variant=self._variant)
        if self.device == "cpu":
            raise ModelUnavailable(f"{source.about.name} needs a graphics card, and this server has none.")
        for variant in dict.fromkeys((self._variant, None)):
            path = hub.cached_folder(source.repository, source.revision, variant=variant)
            if path is not None:
                return inspect_folder(path, variant=variant)
        if hub.offline():
            raise ModelUnavailable(f"{source.about.name} is not on this server; HF_HUB_OFFLINE forbids to fetch it.")
        failed_at, reason = self._failures.get(source.id, (-math.inf, ""))
        if time.monotonic() - failed_at < RETRY_DOWNLOAD_SECONDS:
            raise ModelUnavailable(reason)
        return None

    def _download(self, source: Source) -> ModelFolder:
        try:
            for variant in dict.fromkeys((self._variant, None)):
                hub.fetch(source.repository, source.revision, variant=variant)
                path = hub.cached_folder(source.repository, source.revision, variant=variant)
                if path is not None:
                    return inspect_folder(path, variant=variant)
            raise ModelUnavailable(f"{source.about.name} was downloaded, but it has no safetensors weights.")
        except ModelUnavailable as failure:
            self._failures[source.id] = (time.monotonic(), str(failure))
            raise

    @property
    def _variant(self) -> str | None:
        return None if self.device == "cpu" else "fp16"

    def _describe(self, source: Source, folder: ModelFolder | None, *, available: bool, reason: str) -> ModelInfo:
        about = source.about
        described = ModelInfo(
            id=source.id,
            name=about.name,
            source=source.shown,
            available=available,
            reason=reason,
            native_size=512,  # what every Stable Diffusion 1.x has, until the folder says
            min_size=256,
            max_size=1024,
            size_multiple=64,
            latent_channels=4,
            vae_scale_factor=8,
            default_steps=about.default_steps,
            default_guidance_scale=about.default_guidance_scale,
            device=self.device,
            dtype="float32" if self.device == "cpu" else "float16",
            licence=about.licence,
            what_it_is=about.what_it_is,
            what_it_is_not=about.what_it_is_not,
            prompt_tokens=77,
            text_width=768,
        )
        if folder is None:
            return described
        step = folder.size_multiple
        return replace(
            described,
            native_size=folder.native_size,
            min_size=max(step, folder.native_size // 2 // step * step),
            max_size=max(step, folder.native_size * 2 // step * step),
            size_multiple=step,
            latent_channels=folder.latent_channels,
            vae_scale_factor=folder.vae_scale_factor,
            prompt_tokens=folder.prompt_tokens,
            text_width=folder.text_width,
        )


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
        if word.width != info.text_width:
            raise ValueError(f"The word {word.token} was taught to another model: {info.name} cannot read it.")
    dtype = info.dtype if request.dtype == "default" else request.dtype
    if not dtype_works(info.device, getattr(torch, dtype)):
        raise ValueError(f"This machine cannot compute in {dtype}.")
    return request.replace(height=height, width=width, dtype=dtype)


def latent_shape(info: ModelInfo, request: ImageRequest) -> tuple[int, int, int, int]:
    """(1, C, h, w) of an image's latents."""
    height, width = request.height or info.native_size, request.width or info.native_size
    return (1, info.latent_channels, height // info.vae_scale_factor, width // info.vae_scale_factor)


def _device(setting: str) -> str:
    if setting == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if setting.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError("The setting asks for a graphics card, and torch finds none.")
    return setting
