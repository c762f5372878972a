"""What the registry knows of models, above all of those that cannot run here."""

from __future__ import annotations

import pytest
import torch
from asking import ask

from dashboard.engine import ModelRegistry, UnknownModel, token_report
from dashboard.engine.models import resolve
from dashboard.engine.networks import dtype_works


def test_pocket_stands_first_and_says_what_it_is():
    info = ModelRegistry.build([], device="cpu").infos()[0]
    assert (info.id, info.name) == ("pocket", "Pocket")
    assert "not Stable Diffusion" in info.what_it_is_not


def test_a_missing_pocket_is_said_and_not_an_error(tmp_path):
    info = ModelRegistry.build([], device="cpu", pocket=tmp_path / "weights").info("pocket")
    assert not info.available and "weights" in info.reason


def test_a_folder_is_described_without_loading_it(registry):
    info = registry.info("tiny")
    assert (info.native_size, info.min_size, info.max_size, info.size_multiple) == (32, 16, 64, 8)
    assert (info.latent_channels, info.vae_scale_factor, info.latent_side, info.prompt_tokens) == (4, 4, 8, 24)
    assert (info.device, info.dtype, info.available, info.reason) == ("cpu", "float32", True, "")


def test_loading_happens_once(registry):
    assert registry.get("tiny") is registry.get("tiny")
    assert "tiny" in registry.loaded_ids()
    assert registry.weights_sha256("tiny") == registry.get("tiny").weights_sha256


def test_unknown_model(registry):
    with pytest.raises(UnknownModel, match="pocket"):
        registry.info("x" * 10_000)


def test_resolving_fills_in_the_models_defaults(registry):
    request = resolve(ask(), registry.info("tiny"))
    assert (request.height, request.width, request.dtype) == (32, 32, "float32")


def test_a_dtype_without_kernels_is_refused(registry, monkeypatch):
    monkeypatch.setattr("dashboard.engine.models.dtype_works", lambda *_: False)
    with pytest.raises(ValueError, match="cannot compute in float16"):
        resolve(ask(dtype="float16"), registry.info("tiny"))


def test_what_the_tokenizer_makes_of_a_prompt(registry):
    report = token_report(registry.get("tiny"), "A photo of a zebra 🐩 " + "owl " * 30)
    assert report.tokens[:4] == ("a</w>", "photo</w>", "of</w>", "a</w>")
    assert report.unknown == ("zebra", "🐩")
    assert (len(report.kept), report.limit) == (22, 22)
    assert report.kept + report.dropped == report.tokens and report.dropped


def test_a_prompt_is_read_without_loading_the_model(tiny_folder, registry):
    models = ModelRegistry.build([f"tiny={tiny_folder}"], device="cpu")
    prompt = "a photo of a zebra " + "owl " * 30
    assert token_report(models.reader("tiny"), prompt) == token_report(registry.get("tiny"), prompt)
    assert models.loaded_ids() == ()
    assert models.reader("tiny") is models.reader("tiny")


def test_no_memory_does_not_mean_no_kernel(monkeypatch):
    def full(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(torch.nn, "Conv2d", full)
    assert dtype_works.__wrapped__("cpu", torch.float16)
