"""A tiny model's weights as one file with the names of the original Stable Diffusion, as people pass models around."""

from __future__ import annotations

import re
from pathlib import Path

from safetensors.torch import save_file

RESNET = {"norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1"}
RESNET |= {"norm2": "out_layers.0", "conv2": "out_layers.3", "conv_shortcut": "skip_connection"}
AROUND = {"time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2"}
AROUND |= {"conv_in": "input_blocks.0.0", "conv_norm_out": "out.0", "conv_out": "out.2"}
VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


def save_original(folder: Path, file: Path) -> Path:
    """Write the weights of a folder in Stable Diffusion 1.x's shape."""
    from diffusers import StableDiffusionPipeline

    pipe = StableDiffusionPipeline.from_pretrained(folder, safety_checker=None)
    layers, levels = pipe.unet.config.layers_per_block, len(pipe.vae.config.block_out_channels)
    tensors = {}
    for name, tensor in pipe.unet.state_dict().items():
        tensors[f"model.diffusion_model.{_unet(name, layers)}"] = tensor
    for name, tensor in pipe.vae.state_dict().items():
        original = _vae(name, levels)
        as_convolution = re.search(r"attn_1\.(q|k|v|proj_out)\.weight", original) is not None
        tensors[f"first_stage_model.{original}"] = tensor[:, :, None, None] if as_convolution else tensor
    for name, tensor in pipe.text_encoder.state_dict().items():
        tensors[f"cond_stage_model.transformer.text_model.{name.removeprefix('text_model.')}"] = tensor
    save_file({name: tensor.contiguous().clone() for name, tensor in tensors.items()}, file)
    return file


def _unet(name: str, layers: int) -> str:
    for ours, theirs in AROUND.items():
        if name.startswith(f"{ours}."):
            return name.replace(ours, theirs, 1)
    if mid := re.fullmatch(r"mid_block\.(resnets|attentions)\.(\d)\.(.+)", name):
        resnet = mid[1] == "resnets"
        return f"middle_block.{2 * int(mid[2]) + (not resnet)}.{_inside(mid[3], RESNET) if resnet else mid[3]}"
    side, level, kind, place, rest = re.fullmatch(r"(down|up)_blocks\.(\d)\.(\w+)\.(\d)\.(.+)", name).groups()
    block = int(level) * (layers + 1) + int(place)
    if kind == "downsamplers":
        return f"input_blocks.{block + layers + 1}.0.{rest.replace('conv', 'op')}"
    if kind == "upsamplers":
        return f"output_blocks.{block + layers}.{2 if level == '0' else 1}.{rest}"
    return f"{'input' if side == 'down' else 'output'}_blocks.{block + (side == 'down')}" + (
        f".0.{_inside(rest, RESNET)}" if kind == "resnets" else f".1.{rest}"
    )


def _vae(name: str, levels: int) -> str:
    name = name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
    name = re.sub(r"down_blocks\.(\d)\.resnets", r"down.\1.block", name)
    name = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", name)
    name = re.sub(r"up_blocks\.(\d)\.resnets", lambda m: f"up.{levels - 1 - int(m[1])}.block", name)
    name = re.sub(r"up_blocks\.(\d)\.upsamplers\.0", lambda m: f"up.{levels - 1 - int(m[1])}.upsample", name)
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", name)
    if "mid_block.attentions.0" in name:
        name = _inside(name.replace("mid_block.attentions.0", "mid.attn_1"), VAE_ATTENTION)
    return name


def _inside(name: str, names: dict[str, str]) -> str:
    for ours, theirs in names.items():
        if f".{ours}." in f".{name}":
            return f".{name}".replace(f".{ours}.", f".{theirs}.", 1)[1:]
    return name
