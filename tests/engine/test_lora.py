"""A LoRA is added to the weights as its paper says, and LCM draws with it as plain diffusers does."""

from __future__ import annotations

from pathlib import Path

import diffusers
import numpy as np
import pytest
import torch
from asking import ask
from diffusers import StableDiffusionPipeline
from safetensors.torch import save_file
from torch import nn

from dashboard.engine import Engine, ModelRegistry, ModelUnavailable, max_difference

RANK, ALPHA = 4, 8.0
LAYERS = ("attn1.to_q", "attn2.to_v", "proj_in", "conv1", "ff.net.2")


def changed_layers(unet: nn.Module) -> dict[str, nn.Module]:
    return {name: layer for name, layer in unet.named_modules() if name.endswith(LAYERS)}


def make_lora(unet: nn.Module) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """(down, up) a layer, lively enough to be seen."""
    generator = torch.Generator().manual_seed(5)
    made = {}
    for name, layer in changed_layers(unet).items():
        out, *into = layer.weight.shape
        down = torch.randn((RANK, *into), generator=generator) * 0.2
        up = torch.randn((out, RANK, *[1] * (len(into) - 1)), generator=generator) * 0.2
        made[name] = (down, up)
    return made


def save_kohya(lora: dict, file: Path) -> Path:
    tensors = {}
    for name, (down, up) in lora.items():
        stem = f"lora_unet_{name.replace('.', '_')}"
        tensors |= {f"{stem}.lora_down.weight": down, f"{stem}.lora_up.weight": up}
        tensors[f"{stem}.alpha"] = torch.tensor(ALPHA)
    save_file(tensors, file)
    return file


def save_diffusers(lora: dict, file: Path) -> Path:
    """Without alpha the scale is 1, so the same change needs a larger `up`."""
    tensors = {f"unet.{name}.lora_A.weight": down for name, (down, _) in lora.items()}
    tensors |= {f"unet.{name}.lora_B.weight": up * (ALPHA / RANK) for name, (_, up) in lora.items()}
    save_file(tensors, file)
    return file


def apply_beside(unet: nn.Module, lora: dict) -> None:
    """The definition, without touching a weight: each layer's output plus (alpha / rank) * up(down(input))."""

    def hook(layer: nn.Module, inputs: tuple, output: torch.Tensor, down: torch.Tensor, up: torch.Tensor):
        if isinstance(layer, nn.Linear):
            return output + ALPHA / RANK * (inputs[0] @ down.T @ up.T)
        low = nn.functional.conv2d(inputs[0], down, stride=layer.stride, padding=layer.padding)
        return output + ALPHA / RANK * nn.functional.conv2d(low, up)

    for name, layer in changed_layers(unet).items():
        down, up = lora[name]
        layer.register_forward_hook(lambda m, i, o, down=down, up=up: hook(m, i, o, down, up))


@pytest.fixture
def pipe(tiny_folder) -> StableDiffusionPipeline:
    pipe = StableDiffusionPipeline.from_pretrained(tiny_folder, safety_checker=None)
    pipe.set_progress_bar_config(disable=True)
    return pipe


@pytest.mark.parametrize("save", [save_kohya, save_diffusers])
@pytest.mark.parametrize("scheduler", ["lcm", "ddim"])
def test_the_same_image_as_the_definition(tiny_folder, tmp_path, pipe, save, scheduler):
    lora = make_lora(pipe.unet)
    file = save(lora, tmp_path / "change.safetensors")
    models = ModelRegistry.build([f"changed={tiny_folder}|{file}", f"tiny={tiny_folder}"], device="cpu")
    engine = Engine(models)
    requests = [ask(model=model, seed=3, scheduler=scheduler, guidance_scale=1.0) for model in ("changed", "tiny")]
    ours, without = engine.submit(requests).results(timeout=60)
    engine.close()
    apply_beside(pipe.unet, lora)
    kind = {"lcm": diffusers.LCMScheduler, "ddim": diffusers.DDIMScheduler}[scheduler]
    pipe.scheduler = kind.from_pretrained(tiny_folder, subfolder="scheduler")
    generator = torch.Generator("cpu").manual_seed(3)
    plain = pipe(ours.request.prompt, num_inference_steps=4, guidance_scale=1.0, generator=generator).images[0]
    assert max_difference(ours.array(), np.asarray(plain)) <= 1
    assert max_difference(ours.array(), without.array()) > 8  # and it does change the picture
    assert ours.weights_sha256 != without.weights_sha256


def broken(change):
    def make(lora: dict, file: Path) -> Path:
        tensors = {f"unet.{name}.lora_A.weight": down for name, (down, _) in lora.items()}
        tensors |= {f"unet.{name}.lora_B.weight": up for name, (_, up) in lora.items()}
        change(tensors)
        save_file(tensors, file)
        return file

    return make


def a_layer_that_is_not_there(tensors):
    tensors |= {f"unet.nowhere.lora_{part}.weight": torch.zeros(4, 4) for part in "AB"}


def half_a_layer(tensors):
    tensors.pop(next(name for name in tensors if name.endswith("lora_B.weight")))


def another_size(tensors):
    name = next(name for name in tensors if "attn1" in name and name.endswith("lora_A.weight"))
    tensors[name] = torch.zeros(4, 7)


def a_text_encoder(tensors):
    tensors["text_encoder.layers.0.lora_A.weight"] = torch.zeros(4, 4)


def not_a_lora(tensors):
    tensors["conv_in.weight"] = torch.zeros(4, 4)


@pytest.mark.parametrize("change", [a_layer_that_is_not_there, half_a_layer, another_size, a_text_encoder, not_a_lora])
def test_what_does_not_fit_is_refused_with_one_sentence(tiny_folder, tmp_path, pipe, change):
    file = broken(change)(make_lora(pipe.unet), tmp_path / "change.safetensors")
    with pytest.raises(ModelUnavailable) as refusal:
        ModelRegistry.build([f"changed={tiny_folder}|{file}"], device="cpu").get("changed")
    assert "\n" not in str(refusal.value) and str(refusal.value).endswith(".")


def test_a_damaged_or_missing_file_is_refused_by_looking(tiny_folder, tmp_path):
    (tmp_path / "cut.safetensors").write_bytes(b"\x10")
    for name, words in (("cut.safetensors", "damaged"), ("none.safetensors", "no file")):
        info = ModelRegistry.build([f"changed={tiny_folder}|{tmp_path / name}"], device="cpu").info("changed")
        assert not info.available and words in info.reason


def test_lcm_takes_fifty_steps_at_most():
    with pytest.raises(ValueError, match="at most 50 steps"):
        ask(scheduler="lcm", num_inference_steps=51)
