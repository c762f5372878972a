"""A model with random weights at a known shape, made in memory: for measuring speed, nothing is downloaded.

Its pictures are noise, but what is computed for them is, number for number, what the real model computes.
"""

from __future__ import annotations

import copy
import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from dashboard.engine import LoadedModel, ModelRegistry
from dashboard.engine.networks import Networks
from dashboard.engine.registry import POCKET_WEIGHTS

SEED = 0
SCHEDULER: Mapping[str, Any] = MappingProxyType(
    {
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "skip_prk_steps": True,
        "set_alpha_to_one": False,
        "steps_offset": 1,
        "clip_sample": False,
    }
)


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The sizes of the three networks."""

    unet: Mapping[str, Any]
    vae: Mapping[str, Any]
    text: Mapping[str, Any]
    tokens: int  # that a prompt has, markers and padding included


SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "sd-1": Shape(  # Stable Diffusion 1.x, as its published configs say
            unet={"sample_size": 64, "cross_attention_dim": 768},
            vae={"block_out_channels": (128, 256, 512, 512), "layers_per_block": 2, "sample_size": 512},
            text={"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12},
            tokens=77,
        ),
        "tiny": Shape(  # for trying the benchmark itself
            unet={
                "sample_size": 8,
                "cross_attention_dim": 32,
                "block_out_channels": (32, 64),
                "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
                "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
                "layers_per_block": 1,
                "attention_head_dim": 4,
            },
            vae={"block_out_channels": (32, 32), "layers_per_block": 1, "sample_size": 16},
            text={"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2},
            tokens=77,
        ),
    }
)


def networks(shape: Shape) -> dict[str, Any]:
    """The three networks, float32, on torch's current default device."""
    levels = len(shape.vae["block_out_channels"])
    return {
        "unet": UNet2DConditionModel(**shape.unet),
        "vae": AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * levels,
            up_block_types=("UpDecoderBlock2D",) * levels,
            **shape.vae,
        ),
        "text_encoder": CLIPTextModel(
            CLIPTextConfig(vocab_size=49_408, max_position_embeddings=shape.tokens, **shape.text)
        ),
    }


def make_pipeline(shape: Shape, *, device: str, dtype: str) -> StableDiffusionPipeline:
    """Plain diffusers on random weights, the same ones at every call."""
    with torch.random.fork_rng(), torch.device(device):
        torch.manual_seed(SEED)
        parts = networks(shape)
    tokenizer = CLIPTokenizer.from_pretrained(POCKET_WEIGHTS / "tokenizer", model_max_length=shape.tokens)
    pipe = StableDiffusionPipeline(
        **parts,
        tokenizer=tokenizer,
        scheduler=PNDMScheduler(**{k: v for k, v in SCHEDULER.items() if k != "clip_sample"}),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).to(device, getattr(torch, dtype))
    pipe.set_progress_bar_config(disable=True)
    return pipe


def serve(models: ModelRegistry, name: str, pipe: StableDiffusionPipeline) -> str:
    """Add a copy of the pipeline's networks to the engine's models; its id there.

    A copy, because the engine may lay its own out in another way, and the loop must stay plain.
    """
    side, factor = pipe.unet.config.sample_size, pipe.vae_scale_factor
    pocket = models.info("pocket")
    info = dataclasses.replace(
        pocket,
        id=name,
        name=f"Random weights in the shape of {name}",
        source="memory",
        native_size=side * factor,
        min_size=side * factor // 2,
        max_size=side * factor * 2,
        size_multiple=factor * 2 ** (len(pipe.unet.config.block_out_channels) - 1),
        latent_channels=pipe.unet.config.in_channels,
        vae_scale_factor=factor,
        dtype=str(pipe.dtype).removeprefix("torch."),
        licence="none: the weights are random",
        what_it_is="Random weights, for measuring speed.",
        what_it_is_not="It has learned nothing.",
        prompt_tokens=pipe.text_encoder.config.max_position_embeddings,
        text_width=pipe.text_encoder.config.hidden_size,
    )
    model = LoadedModel(
        info,
        tokenizer=copy.deepcopy(pipe.tokenizer),
        scheduler_config=SCHEDULER,
        weights_sha256=hashlib.sha256(f"random {name} {SEED}".encode()).hexdigest(),
        load=lambda _: _networks(pipe, models.device, info.speed),
    )
    model.networks(info.dtype)
    models.add(model)
    return name


def _networks(pipe: StableDiffusionPipeline, device: str, speed: tuple[str, ...]) -> Networks:
    parts = {name: copy.deepcopy(getattr(pipe, name)).eval() for name in ("text_encoder", "unet", "vae")}
    return Networks(**parts, tokenizer=copy.deepcopy(pipe.tokenizer), device=device, dtype=pipe.dtype, speed=speed)
