"""A model's networks in one dtype, and what the denoising loop asks of them.

Every method takes and gives float32, whatever the networks compute in: the schedulers' arithmetic stays in float32.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dashboard.building import BUILDING, import_libraries
from dashboard.engine.errors import ModelUnavailable
from dashboard.engine.folders import ModelFolder
from dashboard.engine.lora import add_lora
from dashboard.engine.memory import is_out_of_memory
from dashboard.engine.openvino_unet import PRECISIONS, OpenVinoUNet
from dashboard.engine.rows import RowRunner, make_row_stable, measure_row_rule, rows_equal_at
from dashboard.engine.single_file import convert, read_tensors
from dashboard.engine.speed import GPU_BUCKETS, GPU_ROWS
from dashboard.engine.words import LearnedWord, read_with, with_tokens

MAX_ROWS = 16  # U-Net rows a call: Pocket gains 5% at 48, but a tick (cancel, preview, turns) should stay short
SMALL_NETWORK = 100_000_000  # parameters: up to here trying out row counts costs little
FIXED_ROWS_SMALL = 8  # where counts differ: 7% above 16 a row, and half the padding
FIXED_ROWS_LARGE = 2  # a large U-Net keeps a processor busy with one image, both its rows
OPENVINO_SIZES = (2, 4, 8, 16)  # rows a call, each compiled by itself
PROMPTS_KEPT = 256
COMPILER: dict[str, Any] = {"mode": "reduce-overhead"}  # with CUDA graphs
SIZES = 6  # numbers for sizes that an XL U-Net reads


@dataclass(frozen=True)
class Reading:
    """A prompt as the U-Net reads it, float32, on the device."""

    text: Tensor  # (1, T, D)
    pooled: Tensor | None = None  # (1, P): the whole prompt in one vector; XL only


class Networks:
    """Text encoders, U-Net and VAE of one model in one dtype. Used by one thread at a time."""

    def __init__(
        self,
        *,
        text_encoder: Any,
        unet: Any,
        vae: Any,
        tokenizer: Any,
        device: str,
        dtype: torch.dtype,
        text_encoder_2: Any = None,
        tokenizer_2: Any = None,
        zeros_for_empty_prompt: bool = False,
        speed: Collection[str] = (),
    ) -> None:
        """With a second text encoder and its tokenizer it is an XL model. `speed`: switches of `speed.SWITCHES`."""
        self.text_encoder, self.unet, self.vae, self.tokenizer = text_encoder, unet, vae, tokenizer
        self.text_encoder_2, self.tokenizer_2 = text_encoder_2, tokenizer_2
        self._zeros = zeros_for_empty_prompt
        self.speed = frozenset(speed)
        self.device, self.dtype = torch.device(device), dtype
        if dtype == torch.float16 and vae.config.force_upcast:  # XL's VAE overflows in float16
            torch.nn.Module.to(vae, torch.float32)
        self.small = sum(p.numel() for p in unet.parameters()) < SMALL_NETWORK
        self._may_vary = self.small and device == "cpu" and dtype == torch.float32
        in_openvino = "openvino" in self.speed and text_encoder_2 is None and dtype in PRECISIONS
        if device == "cpu" and dtype == torch.float32:
            if not in_openvino:  # which cannot read the packed layers
                make_row_stable(unet)
            make_row_stable(vae)
        if "channels-last" in self.speed:
            unet.to(memory_format=torch.channels_last)
            vae.to(memory_format=torch.channels_last)
        self._evaluate: Any = unet
        if "compile" in self.speed:  # each number of rows once, at its first use, in the thread that uses it
            self._evaluate = torch.compile(unet, dynamic=False, **COMPILER)
        if in_openvino:
            self._evaluate = OpenVinoUNet(unet if dtype == torch.float32 else copy.deepcopy(unet).float(), dtype)
        self._runners: dict[tuple[int, ...], RowRunner] = {}
        self._prompts: OrderedDict[tuple[str, tuple[LearnedWord, ...]], Reading] = OrderedDict()

    def encode(self, prompt: str, words: tuple[LearnedWord, ...] = ()) -> Tensor:
        """The prompt as the U-Net reads it: (1, T, D), on the device."""
        return self.read(prompt, words).text

    @torch.inference_mode()
    def read(self, prompt: str, words: tuple[LearnedWord, ...] = (), *, unconditional: bool = False) -> Reading:
        """The prompt as the U-Net reads it. One prompt a call; the last ones are kept.

        `unconditional`: it stands for "no prompt" in guidance; an empty one is all zeros to most XL models.
        """
        key = (prompt, words)
        if key not in self._prompts:
            self._prompts[key] = self._read(prompt, words)
            if len(self._prompts) > PROMPTS_KEPT:
                self._prompts.popitem(last=False)
        self._prompts.move_to_end(key)
        reading = self._prompts[key]
        if unconditional and not prompt and self._zeros and reading.pooled is not None:
            return Reading(torch.zeros_like(reading.text), torch.zeros_like(reading.pooled))
        return reading

    def added(self, reading: Reading, height: int, width: int) -> Tensor | None:
        """What an XL U-Net reads besides text and time: (1, P + 6), the pooled prompt, then six numbers for sizes.

        Sizes in pixels: of the training picture, of its cut-off corner, of the picture asked for; all of the first and
        last are what is asked for, as in diffusers (Podell et al. 2023, SDXL, arXiv:2307.01952, section 2.2).
        """
        if reading.pooled is None:
            return None
        sizes = torch.tensor([[height, width, 0, 0, height, width]], dtype=torch.float32, device=self.device)
        return torch.cat([reading.pooled, sizes], dim=1)

    def prepare(self, latent_shape: tuple[int, ...], text_shape: tuple[int, ...], added: Tensor | None = None) -> None:
        """Find the row rule for this latent size, (C, h, w), if it is new: it takes a second and is no image's work.

        `added`: what XL models read besides, (R, P + 6).
        """
        if latent_shape not in self._runners:
            sizes = self._row_sizes(latent_shape, text_shape, 0 if added is None else added.shape[1])
            self._runners[latent_shape] = RowRunner(self._forward, max_rows=MAX_ROWS, sizes=sizes)

    @torch.inference_mode()
    def predict_noise(self, samples: Tensor, timesteps: Tensor, text: Tensor, added: Tensor | None = None) -> Tensor:
        """One U-Net evaluation a row: (R, C, h, w), (R,), (R, T, D), for XL (R, P + 6) -> (R, C, h, w).

        `prepare` came before.
        """
        inputs = (samples, timesteps, text) if added is None else (samples, timesteps, text, added)
        return self._runners[tuple(samples.shape[1:])](*inputs)

    @contextmanager
    def in_torch(self) -> Iterator[None]:
        """While it lasts, the U-Net is evaluated layer by layer in torch, whatever is on: for looking inside."""
        usual, self._evaluate = self._evaluate, self.unet
        try:
            yield
        finally:
            self._evaluate = usual

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> Tensor:
        """Latents (1, C, h, w) to pixels (1, 3, H, W), about -1 to 1. Always one row: even bits, steady memory."""
        scaled = (latents / self.vae.config.scaling_factor).to(self.device, self.vae.dtype)
        return self.vae.decode(scaled, return_dict=False)[0].float()

    @torch.inference_mode()
    def encode_pixels(self, pixels: Tensor) -> Tensor:
        """Pixels (1, 3, H, W), -1 to 1, to the mean of their latents, (1, C, h, w), in the U-Net's scale."""
        mean = self.vae.encode(pixels.to(self.device, self.vae.dtype), return_dict=False)[0].mean
        return (mean * self.vae.config.scaling_factor).float()

    def _read(self, prompt: str, words: tuple[LearnedWord, ...]) -> Reading:
        if self.text_encoder_2 is None:
            return Reading(self._encode(prompt, words).float())
        ids = token_ids(self.tokenizer, self.text_encoder.config.max_position_embeddings, prompt)
        ids_2 = token_ids(self.tokenizer_2, self.text_encoder_2.config.max_position_embeddings, prompt)
        first = self.text_encoder(ids.to(self.device), output_hidden_states=True)
        second = self.text_encoder_2(ids_2.to(self.device), output_hidden_states=True)
        text = torch.cat([first.hidden_states[-2], second.hidden_states[-2]], dim=-1)  # the last layer but one
        return Reading(text.float(), second[0].float())

    def _encode(self, prompt: str, words: tuple[LearnedWord, ...]) -> Tensor:
        most, tokenizer = self.text_encoder.config.max_position_embeddings, self.tokenizer
        if not words:
            ids = token_ids(tokenizer, most, prompt).to(self.device)
            encoded: Tensor = self.text_encoder(ids, return_dict=False)[0]
            return encoded
        ids = token_ids(with_tokens(tokenizer, [word.token for word in words]), most, prompt).to(self.device)
        vectors = torch.stack([word.tensor() for word in words])
        return read_with(self.text_encoder, ids, vectors, known=len(tokenizer))

    def _forward(self, samples: Tensor, timesteps: Tensor, text: Tensor, added: Tensor | None = None) -> Tensor:
        extra: dict[str, Any] = {}
        if added is not None:
            added = added.to(self.dtype)
            extra["added_cond_kwargs"] = {"text_embeds": added[:, :-SIZES], "time_ids": added[:, -SIZES:]}
        prediction: Tensor = self._evaluate(
            samples.to(self.dtype), timesteps, text.to(self.dtype), **extra, return_dict=False
        )[0]
        # a CUDA graph, or OpenVINO, writes its next result where it wrote this one
        return prediction.to(torch.float32, copy=self._evaluate is not self.unet)

    @torch.inference_mode()
    def _row_sizes(
        self, latent_shape: tuple[int, ...], text_shape: tuple[int, ...], added: int
    ) -> Sequence[int] | None:
        if self.device.type != "cpu":
            return GPU_BUCKETS if "buckets" in self.speed else GPU_ROWS
        in_openvino = isinstance(self._evaluate, OpenVinoUNet)
        if not self._may_vary and not (in_openvino and self.small):
            return (FIXED_ROWS_LARGE,)
        draw = partial(torch.randn, generator=torch.Generator().manual_seed(0))
        inputs = [draw((MAX_ROWS, *latent_shape)), torch.linspace(1, 999, MAX_ROWS), draw((MAX_ROWS, *text_shape))]
        inputs += [draw((MAX_ROWS, added))] if added else []
        if in_openvino:
            same = rows_equal_at(self._forward, inputs, OPENVINO_SIZES)
            return OPENVINO_SIZES if same else (FIXED_ROWS_SMALL,)
        fixed = measure_row_rule(self._forward, inputs, fallback=FIXED_ROWS_SMALL)
        return (fixed,) if fixed else None


def token_ids(tokenizer: Any, most: int, prompt: str) -> Tensor:
    """Token ids (1, T): padded, and cut after the first tokens that the text encoder reads, as diffusers does."""
    length = min(tokenizer.model_max_length, most)
    return tokenizer(prompt, padding="max_length", max_length=length, truncation=True, return_tensors="pt").input_ids


def load_networks(
    folder: ModelFolder,
    tokenizers: Sequence[Any],
    *,
    device: str,
    dtype: torch.dtype,
    lora: Path | None = None,
    speed: Collection[str] = (),
) -> Networks:
    """Load from safetensors only. `ModelUnavailable` if the weights do not fit the configs.

    `tokenizers`: one for each of the family's text encoders. `lora`: a checked file of changes to the U-Net.
    """
    parts = load_parts(folder)
    if lora is not None:
        add_lora(parts["unet"], lora)
    for module in parts.values():
        torch.nn.Module.to(module, device=device, dtype=dtype)  # diffusers' own `to` warns of float32 layers it has not
    readers = dict(zip(folder.family.tokenizers, tokenizers, strict=True))
    return Networks(
        **parts,
        **readers,
        device=device,
        dtype=dtype,
        zeros_for_empty_prompt=folder.zeros_for_empty_prompt,
        speed=speed,
    )


def load_parts(folder: ModelFolder) -> dict[str, torch.nn.Module]:
    """Text encoders, U-Net and VAE as the folder has them: float32, on the CPU, ready to be read from, not trained."""
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from diffusers.utils import logging as diffusers_logging
    from transformers import CLIPTextModel, CLIPTextModelWithProjection
    from transformers.utils import logging as transformers_logging

    diffusers_logging.disable_progress_bar()  # not on the operator's or the command line's screen
    transformers_logging.disable_progress_bar()
    classes = {
        "text_encoder": CLIPTextModel,
        "text_encoder_2": CLIPTextModelWithProjection,
        "unet": UNet2DConditionModel,
        "vae": AutoencoderKL,
    }
    if folder.file is not None:
        tensors = read_tensors(folder.file)
        parts = {
            part: convert(classes[part], part, tensors, folder.file, folder.path) for part in folder.family.weights
        }
    else:
        parts = {part: load_part(classes[part], folder, part) for part in folder.family.weights}
    return {part: module.eval() for part, module in parts.items()}


def load_tokenizers(folder: ModelFolder) -> list[Any]:
    """The folder's CLIP tokenizers, one a text encoder. `ModelUnavailable` if one is damaged."""
    import_libraries()
    from transformers import CLIPTokenizer

    tokenizers = []
    for part in folder.family.tokenizers:
        try:
            tokenizers.append(CLIPTokenizer.from_pretrained(folder.path / part, local_files_only=True))
        except Exception as error:  # whatever a damaged file makes the library raise, the learner gets one sentence
            raise _not_loaded(folder, part, error) from error
    return tokenizers


def load_part(kind: Any, folder: ModelFolder, part: str) -> torch.nn.Module:
    """One network, in float32: another dtype here would change torch's default for every thread while it loads."""
    try:
        with BUILDING:
            module, info = kind.from_pretrained(
                folder.path / part,
                dtype=torch.float32,
                variant=folder.variant,
                use_safetensors=True,
                local_files_only=True,
                output_loading_info=True,
            )
    except Exception as error:  # whatever a damaged file makes the library raise, the learner gets one sentence
        raise _not_loaded(folder, part, error) from error
    wrong = [*info["missing_keys"], *info["mismatched_keys"]]
    if wrong:
        detail = f"{str(wrong[0])[:80]} is missing or of another size"
        raise ModelUnavailable(f"The {part} of {folder.path.name} does not fit its config: {detail}.")
    return module


def _not_loaded(folder: ModelFolder, part: str, error: Exception) -> ModelUnavailable:
    detail = (str(error).strip().splitlines() or [""])[0][:120]
    return ModelUnavailable(f"The {part} of {folder.path.name} could not be loaded: {type(error).__name__}: {detail}")


@cache
def dtype_works(device: str, dtype: torch.dtype) -> bool:
    """Whether torch has the kernels that these networks need for `dtype` on this device."""
    try:
        image = torch.randn(2, 8, 8, 8, device=device).to(dtype)
        layer = torch.nn.Conv2d(8, 8, 3, padding=1, device=device, dtype=dtype)
        norm = torch.nn.GroupNorm(2, 8, device=device, dtype=dtype)
        with torch.inference_mode():
            tokens = norm(layer(image)).flatten(2).transpose(1, 2)  # (2, 64, 8)
            torch.nn.functional.scaled_dot_product_attention(tokens, tokens, tokens)
    except (RuntimeError, NotImplementedError) as error:  # torch's words for "no kernel for this"
        return is_out_of_memory(error)  # which says nothing of kernels
    return True
