"""Pocket's architecture: Stable Diffusion's parts, each small enough for a laptop's processor."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

LATENT_CHANNELS = 4


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """Widths of the three networks. The defaults are the shipped model's."""

    vae_channels: tuple[int, ...] = (24, 48, 96)  # two halvings: 64 px -> 16 x 16 latents
    unet_channels: tuple[int, ...] = (64, 128, 192)
    text_width: int = 160
    text_layers: int = 3


def build_vae(arch: Architecture) -> AutoencoderKL:
    depth = len(arch.vae_channels)
    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        latent_channels=LATENT_CHANNELS,
        block_out_channels=arch.vae_channels,
        down_block_types=("DownEncoderBlock2D",) * depth,
        up_block_types=("UpDecoderBlock2D",) * depth,
        layers_per_block=1,
        norm_num_groups=8,
        sample_size=64,
    )


def build_unet(arch: Architecture) -> UNet2DConditionModel:
    """16 x 16 latents; the words enter at 8 x 8 and 4 x 4 (and in the middle), where a subject is decided."""
    return UNet2DConditionModel(
        sample_size=16,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        block_out_channels=arch.unet_channels,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        attention_head_dim=4,  # heads, despite the name: the library kept SD 1.x's meaning
        cross_attention_dim=arch.text_width,
        norm_num_groups=16,
    )


def build_text_encoder(arch: Architecture, tokenizer: CLIPTokenizer) -> CLIPTextModel:
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=arch.text_width,
            intermediate_size=arch.text_width * 4,
            projection_dim=arch.text_width,
            num_hidden_layers=arch.text_layers,
            num_attention_heads=4,
            max_position_embeddings=tokenizer.model_max_length,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def build_scheduler() -> PNDMScheduler:
    """Stable Diffusion 1.x's own settings."""
    scheduler = PNDMScheduler(
        num_train_timesteps=1000,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        skip_prk_steps=True,
        set_alpha_to_one=False,
        steps_offset=1,
    )
    # PNDM has no such setting, but a DDIM made from this config clips latents to -1 .. 1 unless it stands here.
    scheduler.register_to_config(clip_sample=False)
    return scheduler


def build_pipeline(
    vae: AutoencoderKL, unet: UNet2DConditionModel, text_encoder: CLIPTextModel, tokenizer: CLIPTokenizer
) -> StableDiffusionPipeline:
    return StableDiffusionPipeline(
        vae=vae,
        unet=unet,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        scheduler=build_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def save_weights(pipeline: StableDiffusionPipeline, folder: Path) -> None:
    """Write the pipeline in half precision for plain `from_pretrained`, in files of 15 MB at most.

    The tokenizer is also written as CLIP's classic pair of files, which older libraries read.
    """
    pipeline.to(dtype=torch.float16).save_pretrained(folder, safe_serialization=True, max_shard_size="14MB")
    bpe = json.loads(pipeline.tokenizer.backend_tokenizer.to_str())["model"]
    tokenizer = folder / "tokenizer"
    (tokenizer / "vocab.json").write_text(json.dumps(bpe["vocab"], ensure_ascii=False), encoding="utf-8")
    merges = "".join(f"{left} {right}\n" for left, right in bpe["merges"])
    (tokenizer / "merges.txt").write_text(f"#version: 0.2\n{merges}", encoding="utf-8")
    # transformers loads what the config says, diffusers float32: told so, both parts load alike.
    config = folder / "text_encoder" / "config.json"
    config.write_text(config.read_text(encoding="utf-8").replace('"float16"', '"float32"'), encoding="utf-8")
    for path in folder.rglob("*.safetensors"):
        path.chmod(0o644)
