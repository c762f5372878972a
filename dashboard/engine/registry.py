"""The models of this server: what can run, why not, and loading them, each once."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import torch

from dashboard.engine.catalogue import OURS
from dashboard.engine.errors import ModelUnavailable, UnknownModel
from dashboard.engine.folders import ModelFolder
from dashboard.engine.hub import Download
from dashboard.engine.model_files import FileFinder, ModelFiles
from dashboard.engine.model_info import ModelInfo
from dashboard.engine.models import LoadedModel
from dashboard.engine.networks import load_tokenizers
from dashboard.engine.parts import Anatomy, anatomy_of
from dashboard.engine.pins import Pins
from dashboard.engine.reader import PromptReader
from dashboard.engine.schedulers import SchedulerShelf
from dashboard.engine.sources import Place, Source, list_sources
from dashboard.engine.speed import check, set_backends, usable

POCKET_WEIGHTS = Path(__file__).parents[1] / "pocket" / "weights"


class ModelRegistry:
    """Every model that the operator listed. Thread-safe."""

    def __init__(
        self,
        sources: Sequence[Source],
        *,
        device: str,
        dtype: str = "auto",
        safety: str = "on",
        speed: Collection[str] = (),
        pins: Pins | None = None,
    ) -> None:
        """`dtype`: what requests get that ask for none; "auto": float32 on a processor, float16 on a graphics card.

        `safety`: "on" uses the checker that a model brings, "off" none, "required" refuses models that bring none.

        `speed`: switches that are on; ValueError for one that there is not.
        """
        self.device = device
        self._dtype = {"cpu": "float32"}.get(device, "float16") if dtype == "auto" else dtype
        self._safety = safety
        self._speed = usable(check(speed), device)
        if device != "cpu":
            set_backends(self._speed)
        self._sources = {source.id: source for source in sources}
        self._finder = FileFinder(pins or Pins(), variant=None if device == "cpu" else "fp16")
        self._loaded: dict[str, LoadedModel] = {}
        self._readers: dict[str, PromptReader] = {}  # of models that are not in memory: a tokenizer is small
        self._locks = {source.id: threading.Lock() for source in sources}

    @classmethod
    def build(
        cls,
        listed: Sequence[str],
        *,
        device: str = "auto",
        pocket: Path = POCKET_WEIGHTS,
        dtype: str = "auto",
        safety: str = "on",
        speed: Collection[str] = (),
        pins: Pins | None = None,
    ) -> ModelRegistry:
        """Pocket, what the operator listed, and Stable Diffusion v1.4 on a GPU. ValueError for a bad entry."""
        chosen = _device(device)
        sources = list_sources(pocket, listed, gpu=chosen != "cpu")
        return cls(sources, device=chosen, dtype=dtype, safety=safety, speed=speed, pins=pins)

    def infos(self) -> tuple[ModelInfo, ...]:
        """Every model known, available or not and why not. Loads nothing and never goes to the network."""
        return tuple(self.info(model_id) for model_id in self._sources)

    def info(self, model_id: str) -> ModelInfo:
        """`UnknownModel` if nobody listed it."""
        source = self._source(model_id)
        loaded = self._loaded.get(model_id)
        if loaded is not None:
            return loaded.info
        try:
            files = self._finder.find(source)
            if files is not None:
                self._refuse_unchecked(source, files.folder)
        except ModelUnavailable as refusal:
            return self._describe(source, None, available=False, reason=str(refusal))
        if files is None:
            size = f", {source.about.download_gb:g} GB" if source.about.download_gb else ""
            return self._describe(source, None, available=True, reason=f"It will be downloaded at its first use{size}.")
        return self._describe(source, files.folder, available=True, reason="")

    def loaded_ids(self) -> tuple[str, ...]:
        return tuple(self._loaded)

    def downloads(self) -> Mapping[str, Download]:
        """Models that are on their way from the hub, by id."""
        return self._finder.downloads()

    def get(self, model_id: str) -> LoadedModel:
        """Load it, once; a hub model that is not here is downloaded first. `UnknownModel`, `ModelUnavailable`."""
        source = self._source(model_id)
        with self._locks[model_id]:
            if model_id not in self._loaded:
                files = self._files(source)
                start = time.perf_counter()
                info = self._describe(source, files.folder, available=True, reason="")
                model = LoadedModel.from_files(info, files, safety=info.safety == "on")
                model.networks(info.dtype)
                model.load_seconds = time.perf_counter() - start
                self._loaded[model_id] = model
            return self._loaded[model_id]

    def reader(self, model_id: str) -> PromptReader:
        """How the model reads prompts, without loading it. `ModelUnavailable` while its files are not here."""
        loaded = self._loaded.get(model_id)
        if loaded is not None:
            return loaded
        source = self._source(model_id)
        files = self._files_here(source)
        with self._locks[model_id]:
            if model_id not in self._readers:
                info = self._describe(source, files.folder, available=True, reason="")
                self._readers[model_id] = PromptReader(info, load_tokenizers(files.folder)[0])
            return self._readers[model_id]

    def anatomy(self, model_id: str) -> Anatomy:
        """What the model is made of; loads it if it is not in memory. `UnknownModel`, `ModelUnavailable`."""
        return anatomy_of(self.get(model_id))

    def download(self, model_id: str) -> None:
        """Have the model's files here, checked, without loading it. `UnknownModel`, `ModelUnavailable`."""
        source = self._source(model_id)
        with self._locks[model_id]:
            self._files(source)

    def add(self, model: LoadedModel) -> None:
        """Serve a model that was made in memory."""
        self._sources[model.info.id] = Source(id=model.info.id, place=Place(path=Path(model.info.source)))
        self._locks[model.info.id] = threading.Lock()
        self._loaded[model.info.id] = model

    def unload(self, model_id: str) -> None:
        """Forget a loaded model and free what it held; whoever still holds it keeps it in memory."""
        with self._locks[model_id]:
            self._loaded.pop(model_id, None)
        gc.collect()
        if self.device != "cpu":
            torch.cuda.empty_cache()

    def weights_sha256(self, model_id: str) -> str | None:
        """Hash of the model's files, without loading it; None while they are not on this machine."""
        loaded = self._loaded.get(model_id)
        if loaded is not None:
            return loaded.weights_sha256
        source = self._source(model_id)
        files = self._finder.find(source)
        if files is None:
            return None
        self._finder.check(source, files)
        return files.weights_sha256()

    def schedulers(self, model_id: str) -> SchedulerShelf:
        """The model's own schedulers, without loading its weights. `ModelUnavailable` while its files are not here."""
        loaded = self._loaded.get(model_id)
        if loaded is not None:
            return loaded.schedulers
        return SchedulerShelf(self._files_here(self._source(model_id)).folder.configs["scheduler"])

    # ---- inside

    def _source(self, model_id: str) -> Source:
        if model_id not in self._sources:
            raise UnknownModel(f"This server has no model {model_id[:60]!r}; it has {', '.join(self._sources)}.")
        return self._sources[model_id]

    def _files_here(self, source: Source) -> ModelFiles:
        files = self._finder.find(source)
        if files is None:
            raise ModelUnavailable(f"{source.about.name} is not on this machine yet; draw an image with it first.")
        return files

    def _files(self, source: Source) -> ModelFiles:
        files = self._finder.find(source) or self._finder.fetch(source)
        self._refuse_unchecked(source, files.folder)
        self._finder.check(source, files)
        return files

    def _refuse_unchecked(self, source: Source, folder: ModelFolder) -> None:
        """Pocket is let through, fast or not: all it knows are drawings of its own world."""
        if self._safety == "required" and not folder.has_safety_checker and source.id not in OURS:
            raise ModelUnavailable(f"{source.about.name} brings no safety checker, and this server requires one.")

    def _describe(self, source: Source, folder: ModelFolder | None, *, available: bool, reason: str) -> ModelInfo:
        about = source.about
        described = ModelInfo(
            id=source.id,
            name=about.name,
            source=source.shown,
            lora=source.lora.shown if source.lora else "",
            available=available,
            reason=reason,
            native_size=about.native_size,  # until the folder says
            min_size=about.native_size // 2,
            max_size=about.native_size * 2,
            size_multiple=64,
            latent_channels=4,
            vae_scale_factor=8,
            default_steps=about.default_steps,
            default_guidance_scale=about.default_guidance_scale,
            default_scheduler=about.default_scheduler,
            distilled=about.distilled,
            device=self.device,
            dtype=self._dtype,
            licence=about.licence,
            restrictions=about.restrictions,
            what_it_is=about.what_it_is,
            what_it_is_not=about.what_it_is_not,
            suits=about.suits,
            download_gb=about.download_gb,
            memory_gb=about.memory_gb,
            safety="unknown",
            pipeline="StableDiffusionPipeline",
            speed=tuple(sorted(self._speed)),
            prompt_tokens=77,
            text_width=768,
        )
        if folder is None:
            return described
        step = folder.size_multiple
        own: Literal["on", "off"] = "off" if self._safety == "off" else "on"
        return replace(
            described,
            native_size=folder.native_size,
            min_size=max(step, folder.native_size // 2 // step * step),
            max_size=max(step, folder.native_size * 2 // step * step),
            size_multiple=step,
            latent_channels=folder.latent_channels,
            vae_scale_factor=folder.vae_scale_factor,
            safety=own if folder.has_safety_checker else "none",
            pipeline=folder.family.pipeline,
            prompt_tokens=folder.prompt_tokens,
            text_width=folder.text_width,
        )


def _device(setting: str) -> str:
    if setting == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if setting.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError("The setting asks for a graphics card, and torch finds none.")
    return setting
