"""Tiny models with random weights in each architecture's shape, in diffusers' folder format, made in a second."""

from __future__ import annotations

import json
from pathlib import Path

import torch

TOKENS = 24
WIDTH = 32  # of the text embedding
BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
WORDS = ("a", "photo", "of", "poodle", "on", "an", "astronaut", "owl", "red", "blue", "sketch")


def save_tiny_model(folder: Path, *, seed: int = 0, text_width: int = 64) -> Path:
    """Stable Diffusion 1.x, with PNDM; equal seeds give equal weights. `text_width`: of the encoder's inner layers."""
    from diffusers import PNDMScheduler

    scheduler = PNDMScheduler(**BETAS, skip_prk_steps=True, set_alpha_to_one=False, steps_offset=1)
    return _save_sd(folder, scheduler, seed, intermediate_size=text_width)


def save_tiny_turbo(folder: Path, *, seed: int = 0) -> Path:
    """As SD-Turbo: the shape of 1.x, with Euler and trailing timesteps."""
    from diffusers import EulerDiscreteScheduler

    return _save_sd(folder, EulerDiscreteScheduler(**BETAS, timestep_spacing="trailing", steps_offset=1), seed)


def save_tiny_xl(folder: Path, *, turbo: bool = False, seed: int = 0) -> Path:
    """Stable Diffusion XL: two text encoders, pooled embedding and sizes. `turbo`: as SDXL-Turbo."""
    import diffusers
    from transformers import CLIPTextModel, CLIPTextModelWithProjection

    tokenizer, tokenizer_2 = _tokenizer(folder), _tokenizer(folder, pad_token="!")
    if turbo:
        scheduler = diffusers.EulerAncestralDiscreteScheduler(**BETAS, timestep_spacing="trailing")
    else:
        scheduler = diffusers.EulerDiscreteScheduler(**BETAS, timestep_spacing="leading", steps_offset=1)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        unet = _unet(
            cross_attention_dim=2 * WIDTH,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=WIDTH // 2 + 6 * 8,
            use_linear_projection=True,
            transformer_layers_per_block=(1, 2),
        )
        pipe = diffusers.StableDiffusionXLPipeline(
            vae=_vae(),
            unet=unet,
            text_encoder=CLIPTextModel(_text_config(tokenizer)),
            text_encoder_2=CLIPTextModelWithProjection(_text_config(tokenizer, projection_dim=WIDTH // 2)),
            tokenizer=tokenizer,
            tokenizer_2=tokenizer_2,
            scheduler=scheduler,
            add_watermarker=False,
        )
        _make_lively(unet, pipe.vae)
    return _save(pipe, folder)


def add_checker(folder: Path, *, threshold: float) -> None:
    """A random checker that refuses every picture, or none: a cosine is never below -2 nor above 2."""
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPConfig, CLIPImageProcessor

    vision = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = CLIPConfig(vision_config={**vision, "image_size": 32, "patch_size": 8}, projection_dim=32)
    checker = StableDiffusionSafetyChecker(config)
    with torch.no_grad():
        checker.concept_embeds_weights.fill_(threshold)
        checker.special_care_embeds_weights.fill_(threshold)
    checker.save_pretrained(folder / "safety_checker")
    size = {"height": 32, "width": 32}
    CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=size).save_pretrained(folder / "feature_extractor")
    index = json.loads((folder / "model_index.json").read_text())
    index["safety_checker"] = ["stable_diffusion", "StableDiffusionSafetyChecker"]
    index["feature_extractor"] = ["transformers", "CLIPImageProcessor"]
    (folder / "model_index.json").write_text(json.dumps(index))


def _save_sd(folder: Path, scheduler, seed: int, **text) -> Path:
    from diffusers import StableDiffusionPipeline
    from transformers import CLIPTextModel

    tokenizer = _tokenizer(folder)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        unet, vae = _unet(cross_attention_dim=WIDTH), _vae()
        text_encoder = CLIPTextModel(_text_config(tokenizer, **text))
        _make_lively(unet, vae)
    pipe = StableDiffusionPipeline(
        vae=vae,
        unet=unet,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    return _save(pipe, folder)


def _save(pipe, folder: Path) -> Path:
    pipe.save_pretrained(folder, safe_serialization=True)
    config = folder / "scheduler" / "scheduler_config.json"
    # as the real models' own folders say, for schedulers that know it
    more = {"clip_sample": False, "set_alpha_to_one": False, "skip_prk_steps": True}
    config.write_text(json.dumps(json.loads(config.read_text()) | more))
    return folder


def _unet(**changes):
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(16, 32),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        attention_head_dim=2,
        norm_num_groups=8,
        **changes,
    )


def _vae():
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(8, 16, 16),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        latent_channels=4,
        norm_num_groups=4,
        sample_size=32,
    )


def _text_config(tokenizer, **changes):
    from transformers import CLIPTextConfig

    return CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        **{"intermediate_size": 64, **changes},
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=TOKENS,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def _make_lively(unet: torch.nn.Module, vae: torch.nn.Module) -> None:
    """Random weights answer faintly: without this, every prompt would give nearly the same grey picture."""
    with torch.no_grad():
        for name, parameter in unet.named_parameters():
            if "attn2" in name or "conv_out" in name:
                parameter.mul_(3)
        for name, parameter in vae.named_parameters():
            if name == "decoder.conv_out.weight":
                parameter.mul_(2)


def _tokenizer(folder: Path, **special: str):
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import CLIPTokenizer

    folder = folder / "made"
    folder.mkdir(parents=True)
    letters = sorted(ByteLevel.alphabet())
    tokens = [*letters, *(f"{letter}</w>" for letter in letters)]
    merges: list[str] = []
    for word in WORDS:
        pieces = [*word[:-1], f"{word[-1]}</w>"]
        while len(pieces) > 1:
            merge, pieces = f"{pieces[0]} {pieces[1]}", ["".join(pieces[:2]), *pieces[2:]]
            if merge not in merges:
                merges.append(merge)
                tokens.append(pieces[0])
    tokens = list(dict.fromkeys([*tokens, "<|startoftext|>", "<|endoftext|>"]))
    (folder / "vocab.json").write_text(json.dumps({token: index for index, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    tokenizer = CLIPTokenizer.from_pretrained(folder, model_max_length=TOKENS, **special)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    return tokenizer
