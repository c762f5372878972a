"""What the registry knows of models, above all of those that cannot run here."""

from __future__ import annotations

from pathlib import Path

import pytest
from asking import ask

from dashboard.engine import ModelRegistry, ModelUnavailable, UnknownModel, hub, token_report
from dashboard.engine.models import resolve
from dashboard.engine.sources import DEFAULT_HUB_MODEL, list_sources, parse_source

HUB_ID = "stable-diffusion-v1-4"


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


def on_gpu(*listed: str) -> ModelRegistry:
    """As on a server with a graphics card; nothing is loaded."""
    return ModelRegistry(list_sources(Path("nowhere"), listed, gpu=True), device="cuda")


def test_stable_diffusion_is_listed_where_there_is_a_gpu_and_needs_one():
    assert [source.id for source in list_sources(Path("p"), [], gpu=False)] == ["pocket"]
    assert [source.id for source in list_sources(Path("p"), [], gpu=True)] == ["pocket", HUB_ID]
    info = ModelRegistry.build([DEFAULT_HUB_MODEL], device="cpu").info(HUB_ID)
    assert not info.available and "graphics card" in info.reason
    assert (info.name, info.native_size, info.licence) == ("Stable Diffusion v1.4", 512, "CreativeML OpenRAIL-M")


def test_not_downloaded_and_offline_is_said(monkeypatch):
    monkeypatch.setattr(hub, "cached_folder", lambda *_, **__: None)
    monkeypatch.setattr(hub, "offline", lambda: True)
    info = on_gpu().info(HUB_ID)
    assert not info.available and "HF_HUB_OFFLINE" in info.reason
    with pytest.raises(ModelUnavailable):
        on_gpu().get(HUB_ID)


def test_the_tests_themselves_are_offline():
    assert hub.offline()


def test_looking_never_downloads_and_a_failed_download_is_remembered(monkeypatch):
    monkeypatch.setattr(hub, "cached_folder", lambda *_, **__: None)
    monkeypatch.setattr(hub, "offline", lambda: False)
    downloads: list[str] = []

    def fetch(repository, revision, *, variant):
        downloads.append(revision)
        raise ModelUnavailable(f"{repository} could not be downloaded: the hub cannot be reached from here.")

    monkeypatch.setattr(hub, "fetch", fetch)
    registry = on_gpu()
    info = registry.info(HUB_ID)
    assert info.available and "downloaded" in info.reason and downloads == []
    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        registry.get(HUB_ID)
    assert len(downloads) == 1 and len(downloads[0]) == 40  # a pinned commit
    assert not registry.info(HUB_ID).available


def test_fetching_without_a_network_is_one_sentence(monkeypatch):
    import huggingface_hub

    def fail(*_, **__):
        raise ConnectionError("no route")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        hub.fetch("a/b", "main", variant=None)


@pytest.mark.parametrize(
    ("text", "id_", "shown"),
    [
        ("a/b@1234", "b", "a/b"),
        ("mine=a/b@1234", "mine", "a/b"),
        ("/srv/models/tiny", "tiny", "/srv/models/tiny"),
        ("mine=/srv/models/tiny", "mine", "/srv/models/tiny"),
    ],
)
def test_the_operators_list(text, id_, shown):
    source = parse_source(text)
    assert (source.id, source.shown) == (id_, shown)


@pytest.mark.parametrize("text", ["a/b", "mine="])
def test_what_cannot_be_listed(text):
    with pytest.raises(ValueError):
        parse_source(text)


def test_an_id_used_twice_is_refused():
    with pytest.raises(ValueError, match="Two listed models"):
        list_sources(Path("p"), ["/a/tiny", "/b/tiny"], gpu=False)


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
