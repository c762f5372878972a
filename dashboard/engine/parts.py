"""What a model is made of: its parts, their size in numbers and in memory, and how much one pass computes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import torch

from dashboard.engine.networks import SIZES

if TYPE_CHECKING:
    from dashboard.engine.models import LoadedModel

BYTES_A_NUMBER: Mapping[str, int] = MappingProxyType({"float32": 4, "float16": 2, "bfloat16": 2})

# Stable Diffusion 1.x, counted by building its networks from their published configs; a test counts them again.
STABLE_DIFFUSION_1: Mapping[str, int] = MappingProxyType(
    {"unet": 859_520_964, "text_encoder": 123_060_480, "vae": 83_653_863}
)
STABLE_DIFFUSION_1_CHECKER = 303_981_588  # parameters of the safety checker that v1.4 brings beside them
STABLE_DIFFUSION_1_GFLOP = 803.3  # one pass of its U-Net over one 64 x 64 latent: 10^9 additions and multiplications


@dataclass(frozen=True, kw_only=True)
class ModelPart:
    """One part of a loaded model, under the name that the pipeline gives it."""

    name: str  # "unet", "tokenizer", ...
    class_name: str
    parameters: int  # trained numbers; 0 for tokenizer and scheduler
    memory: int  # bytes that they take as loaded


@dataclass(frozen=True, kw_only=True)
class Anatomy:
    """What a model in memory is made of, and what it took to get it there."""

    parts: tuple[ModelPart, ...]  # in the order in which an image passes through them
    pass_gflop: float  # 10^9 additions and multiplications of one U-Net pass over one latent
    load_seconds: float

    @property
    def parameters(self) -> int:
        return sum(part.parameters for part in self.parts)

    @property
    def memory(self) -> int:
        """Bytes that the trained numbers take."""
        return sum(part.memory for part in self.parts)


def anatomy_of(model: LoadedModel) -> Anatomy:
    """Counted on the loaded networks, in the model's usual dtype."""
    return Anatomy(parts=_parts(model), pass_gflop=_pass_gflop(model), load_seconds=model.load_seconds)


def _parts(model: LoadedModel) -> tuple[ModelPart, ...]:
    networks = model.networks(model.info.dtype)
    parts = [
        _untrained("tokenizer", model.tokenizer),
        _network("text_encoder", networks.text_encoder),
        *([_network("text_encoder_2", networks.text_encoder_2)] if networks.text_encoder_2 is not None else []),
        _network("unet", networks.unet),
        ModelPart(name="scheduler", class_name=model.schedulers.own_class, parameters=0, memory=0),
        _network("vae", networks.vae),
    ]
    if model.safety_checker is not None:
        parts.append(_network("safety_checker", model.safety_checker.network))
    return tuple(parts)


def _pass_gflop(model: LoadedModel) -> float:
    """Counted by torch on the network's shapes, without computing it."""
    from torch.utils.flop_counter import FlopCounterMode

    info, networks = model.info, model.networks(model.info.dtype)
    unet, width = networks.unet, networks.unet.config.cross_attention_dim
    extra: dict[str, Any] = {}
    with torch.device("meta"):
        shadow = type(unet).from_config(unet.config)  # its shapes, without its numbers
        sample = torch.empty(1, info.latent_channels, info.latent_side, info.latent_side)
        timestep, text = torch.zeros(1), torch.empty(1, info.prompt_tokens, width)
        if networks.text_encoder_2 is not None:
            pooled = torch.empty(1, networks.text_encoder_2.config.projection_dim)
            extra["added_cond_kwargs"] = {"text_embeds": pooled, "time_ids": torch.zeros(1, SIZES)}
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        shadow(sample, timestep, text, **extra)
    return float(counter.get_total_flops()) / 1e9


def _network(name: str, module: torch.nn.Module) -> ModelPart:
    parameters = list(module.parameters())
    return ModelPart(
        name=name,
        class_name=type(module).__name__,
        parameters=sum(p.numel() for p in parameters),
        memory=sum(p.numel() * p.element_size() for p in parameters),
    )


def _untrained(name: str, part: Any) -> ModelPart:
    return ModelPart(name=name, class_name=type(part).__name__, parameters=0, memory=0)
