"""How well pictures fit words: an image-text scorer, Pocket's own or any CLIP.

A CLIP (Radford et al. 2021, arXiv 2103.00020) turns a picture and a text each into a unit vector; the cosine of
the angle between them says how well they fit. Pocket's own was trained on the pocket world's captions alone, so it
judges only what that world holds; for Stable Diffusion give `Scorer` the folder or the cached hub id of
`openai/clip-vit-base-patch32`.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from transformers import CLIPImageProcessorPil, CLIPModel, CLIPTokenizer

from dashboard.building import BUILDING

SCORER_FOLDER = Path(__file__).parent / "scorer"

Picture: TypeAlias = Image.Image | npt.NDArray[np.uint8]
Embeddings: TypeAlias = npt.NDArray[np.float32]

_BATCH = 64
_KEPT = 20_000  # embeddings of each kind; a Pocket one takes half a kilobyte


class ScorerMissing(RuntimeError):
    """There is no CLIP where the scorer was told to look; the sentence says where that was."""


class Scorer:
    """Embeds and compares pictures and texts. Safe to share between threads; what it embedded it remembers.

    `model` is a folder in transformers' CLIP format or the id of a hub repository that is already cached here:
    nothing is downloaded. ScorerMissing if it is neither.
    """

    def __init__(self, model: str | Path = SCORER_FOLDER, *, device: str = "cpu") -> None:
        try:
            with BUILDING:
                self._model = CLIPModel.from_pretrained(model, local_files_only=True, dtype=torch.float32)
            self._tokenizer = CLIPTokenizer.from_pretrained(model, local_files_only=True)
            self._processor = CLIPImageProcessorPil.from_pretrained(model, local_files_only=True)
        except (OSError, ValueError) as error:
            raise ScorerMissing(f"There is no CLIP model in {model}, and none of that name is cached here.") from error
        self._model.to(device).eval().requires_grad_(False)
        self._max_tokens = self._model.config.text_config.max_position_embeddings
        self._device = device
        self._lock = threading.Lock()
        self._pictures: OrderedDict[Hashable, Embeddings] = OrderedDict()
        self._texts: OrderedDict[Hashable, Embeddings] = OrderedDict()

    def match(self, images: Sequence[Picture], prompts: str | Sequence[str]) -> npt.NDArray[np.float32]:
        """How well `images[i]` fits `prompts[i]`, (N,), 0 .. 100: 100 times the cosine, below zero cut off.

        That is the CLIP score as torchmetrics reports it (Hessel et al. 2021, arXiv 2104.08718, without its factor
        of 2.5). One prompt goes with every image. Compare scores of one scorer only: Pocket's own gives about three
        times what OpenAI's CLIP gives for a good fit. ValueError if the numbers of images and prompts differ.
        """
        texts = [prompts] * len(images) if isinstance(prompts, str) else list(prompts)
        if len(texts) != len(images):
            raise ValueError(f"{len(images)} images cannot be matched with {len(texts)} prompts.")
        cosines = (self.image_embeddings(images) * self.text_embeddings(texts)).sum(axis=1)
        return np.clip(100 * cosines, 0, None)

    def matches(self, images: Sequence[Picture], prompts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Every image with every prompt, (images, prompts), on `match`'s scale."""
        return np.clip(100 * self.image_embeddings(images) @ self.text_embeddings(prompts).T, 0, None)

    def image_embeddings(self, images: Sequence[Picture]) -> Embeddings:
        """Unit vectors (N, D)."""
        pictures = [as_array(image) for image in images]
        keys = [(picture.shape, hashlib.sha256(picture.tobytes()).digest()) for picture in pictures]
        return self._remembered(self._pictures, keys, pictures, self._embed_pictures)

    def text_embeddings(self, prompts: Sequence[str]) -> Embeddings:
        """Unit vectors (N, D). A text longer than the model's context keeps its first tokens."""
        return self._remembered(self._texts, list(prompts), list(prompts), self._embed_texts)

    @property
    def width(self) -> int:
        """Numbers in an embedding."""
        width: int = self._model.config.projection_dim
        return width

    def _remembered(
        self,
        kept: OrderedDict[Hashable, Embeddings],
        keys: Sequence[Hashable],
        things: Sequence[Any],
        embed: Callable[[Sequence[Any]], torch.Tensor],
    ) -> Embeddings:
        with self._lock:
            found = {key: kept[key] for key in keys if key in kept}
            missing = {key: thing for key, thing in zip(keys, things, strict=True) if key not in found}
            todo = list(missing)
            for start in range(0, len(todo), _BATCH):
                batch = todo[start : start + _BATCH]
                found.update(zip(batch, _unit(embed([missing[key] for key in batch])), strict=True))
            for key, vector in found.items():
                kept[key] = vector
                kept.move_to_end(key)
            while len(kept) > _KEPT:
                kept.popitem(last=False)
        return np.stack([found[key] for key in keys]) if keys else np.zeros((0, self.width), np.float32)

    @torch.inference_mode()
    def _embed_pictures(self, pictures: Sequence[npt.NDArray[np.uint8]]) -> torch.Tensor:
        pixels = self._processor(images=list(pictures), return_tensors="pt").pixel_values
        pooled = self._model.vision_model(pixels.to(self._device)).pooler_output
        return self._model.visual_projection(pooled)

    @torch.inference_mode()
    def _embed_texts(self, prompts: Sequence[str]) -> torch.Tensor:
        tokens = self._tokenizer(
            list(prompts), padding="max_length", truncation=True, max_length=self._max_tokens, return_tensors="pt"
        )
        return self._model.text_projection(self._model.text_model(tokens.input_ids.to(self._device)).pooler_output)


_loaded: dict[tuple[str, str], Scorer] = {}
_loading = threading.Lock()


def load_scorer(model: str | Path = SCORER_FOLDER, *, device: str = "cpu") -> Scorer:
    """The scorer of this process for `model`, loaded once however many threads ask."""
    with _loading:
        key = (str(model), device)
        if key not in _loaded:
            _loaded[key] = Scorer(model, device=device)
        return _loaded[key]


def mean_pairwise_distance(embeddings: npt.NDArray[np.floating]) -> float:
    """How unlike each other pictures are: the mean of 1 - cosine over all pairs of unit vectors (N, D), 0 .. 2.

    Needs two pictures at least: ValueError.
    """
    count = len(embeddings)
    if count < 2:
        raise ValueError("One picture has no distance to another: give two or more.")
    total = np.asarray(embeddings, np.float64).sum(axis=0)
    cosines = (float(total @ total) - count) / (count * (count - 1))  # the mean over pairs of different pictures
    return max(0.0, 1 - cosines)


def _unit(vectors: torch.Tensor) -> Embeddings:
    unit: Embeddings = torch.nn.functional.normalize(vectors.float(), dim=-1).cpu().numpy()
    return unit


def as_array(picture: Picture) -> npt.NDArray[np.uint8]:
    array = np.asarray(picture.convert("RGB") if isinstance(picture, Image.Image) else picture)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3:
        raise ValueError("A picture is a PIL image or a uint8 array of (height, width, 3).")
    return array
