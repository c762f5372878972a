"""Parameter counts and memory are those of the networks that are loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from transformers import CLIPConfig, CLIPTextConfig, CLIPTextModel, CLIPVisionConfig

from dashboard.engine import ModelRegistry
from dashboard.engine.parts import STABLE_DIFFUSION_1, STABLE_DIFFUSION_1_CHECKER, STABLE_DIFFUSION_1_GFLOP


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_parts_are_those_that_diffusers_loads(registry: ModelRegistry, tiny_folder: Path) -> None:
    pipe = StableDiffusionPipeline.from_pretrained(
        tiny_folder, safety_checker=None
    )  # the shared one's scheduler varies
    anatomy = registry.anatomy("tiny")
    assert [part.name for part in anatomy.parts] == ["tokenizer", "text_encoder", "unet", "scheduler", "vae"]
    for part in anatomy.parts:
        theirs = getattr(pipe, part.name)
        assert part.class_name == type(theirs).__name__
        numbers = count(theirs) if isinstance(theirs, torch.nn.Module) else 0
        assert (part.parameters, part.memory) == (numbers, 4 * numbers)
    assert anatomy.parameters == sum(part.parameters for part in anatomy.parts) > 0
    assert anatomy.memory == 4 * anatomy.parameters
    assert anatomy.load_seconds > 0


def test_a_pass_is_counted_as_torch_counts_it(registry: ModelRegistry, pipe: StableDiffusionPipeline) -> None:
    text = torch.zeros(1, pipe.text_encoder.config.max_position_embeddings, pipe.unet.config.cross_attention_dim)
    plain = sdpa_kernel(SDPBackend.MATH)  # the counter does not see inside the fused attention of a CPU
    with plain, FlopCounterMode(display=False) as counter, torch.no_grad():
        pipe.unet(torch.zeros(1, 4, 8, 8), torch.zeros(1), text)
    assert registry.anatomy("tiny").pass_gflop == pytest.approx(counter.get_total_flops() / 1e9)


@pytest.fixture(scope="module")
def stable_diffusion() -> dict[str, torch.nn.Module]:
    """Stable Diffusion 1.x as its published configs say, without any numbers in it."""
    with torch.device("meta"):
        four = {"down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4}
        text = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12}
        vision = CLIPVisionConfig(
            hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16, patch_size=14
        )
        return {
            "unet": UNet2DConditionModel(sample_size=64, cross_attention_dim=768),
            "text_encoder": CLIPTextModel(CLIPTextConfig(vocab_size=49408, **text)),
            "vae": AutoencoderKL(block_out_channels=(128, 256, 512, 512), layers_per_block=2, sample_size=512, **four),
            "safety_checker": StableDiffusionSafetyChecker(
                CLIPConfig(vision_config=vision.to_dict(), projection_dim=768)
            ),
        }


def test_the_counts_of_stable_diffusion(stable_diffusion: dict[str, torch.nn.Module]) -> None:
    counts = {name: count(module) for name, module in stable_diffusion.items()}
    assert counts == {**STABLE_DIFFUSION_1, "safety_checker": STABLE_DIFFUSION_1_CHECKER}


def test_one_pass_of_stable_diffusion(
    stable_diffusion: dict[str, torch.nn.Module],
) -> None:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        stable_diffusion["unet"](
            torch.empty(1, 4, 64, 64, device="meta"),
            torch.zeros(1, device="meta"),
            torch.empty(1, 77, 768, device="meta"),
        )
    assert counter.get_total_flops() / 1e9 == pytest.approx(STABLE_DIFFUSION_1_GFLOP, abs=0.05)


def test_pockets_card_says_the_same() -> None:
    anatomy = ModelRegistry.build([], device="cpu").anatomy("pocket")
    card = (Path(__file__).parents[2] / "dashboard/pocket/MODEL_CARD.md").read_text(encoding="utf-8")
    for part in anatomy.parts:
        if part.parameters:
            assert f"{part.parameters / 1e6:.2f} M" in card, part.name
