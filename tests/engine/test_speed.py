"""The operator's switches: named, declared, off by default, and what they do as far as a processor can show it."""

from __future__ import annotations

import pytest
import torch
from asking import ask

from dashboard.engine import ModelRegistry, max_difference
from dashboard.engine import networks as networks_module
from dashboard.engine.networks import Networks
from dashboard.engine.speed import GPU_BUCKETS, SWITCHES, check, set_backends, usable
from dashboard.settings import Settings


def test_every_switch_declares_its_effect_and_none_is_on_by_default():
    assert Settings().speed == ()
    for switch in SWITCHES.values():
        assert switch.what.endswith(".") and switch.effect in ("the same up to rounding", "slightly different")


def test_an_unknown_switch_is_refused_with_those_there_are(tiny_folder):
    with pytest.raises(ValueError, match=r"no speed switch 'warp'; there are vector-steps"):
        check(["warp"])
    with pytest.raises(ValueError):
        ModelRegistry.build([f"tiny={tiny_folder}"], device="cpu", speed=["warp"])


def test_a_processor_keeps_only_what_means_something_there(tiny_folder):
    assert usable(SWITCHES, "cpu") == {"vector-steps", "openvino"}
    assert usable(SWITCHES, "cuda") == set(SWITCHES) - {"openvino"}
    models = ModelRegistry.build([f"tiny={tiny_folder}"], device="cpu", speed=sorted(set(SWITCHES) - {"openvino"}))
    assert models.info("tiny").speed == ("vector-steps",)


@pytest.fixture
def kept_backends():
    backends = torch.backends
    before = (backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32, backends.cudnn.deterministic)
    yield
    backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32, backends.cudnn.deterministic = before


@pytest.mark.parametrize("names", [(), ("tf32",)])
def test_tf32_is_off_for_products_and_convolutions_unless_it_is_asked_for(kept_backends, names):
    set_backends(names)
    asked = "tf32" in names
    assert torch.backends.cuda.matmul.allow_tf32 is asked and torch.backends.cudnn.allow_tf32 is asked
    assert torch.backends.cudnn.deterministic


@pytest.mark.parametrize(
    "speed", [("channels-last",), ("buckets",), ("compile",), ("channels-last", "buckets", "compile", "vector-steps")]
)
def test_the_same_images_up_to_rounding(make_engine, tiny_folder, monkeypatch, speed):
    """As on a graphics card, as far as a processor can: the same code, compiled by torch's eager backend."""
    monkeypatch.setattr(networks_module, "COMPILER", {"backend": "eager"})
    monkeypatch.setattr("dashboard.engine.registry.usable", lambda names, device: names)
    monkeypatch.setattr(Networks, "_row_sizes", lambda self, *_: GPU_BUCKETS if "buckets" in self.speed else (8,))
    requests = [ask(seed=seed, scheduler=key) for seed, key in enumerate(("pndm", "ddim", "euler", "dpm++2m"))]
    expected = make_engine().submit(requests).results(timeout=100)
    models = ModelRegistry.build([f"tiny={tiny_folder}"], device="cpu", speed=speed)
    switched = make_engine(models).submit(requests).results(timeout=200)
    for one, other in zip(expected, switched, strict=True):
        assert max_difference(one.array(), other.array()) <= 1


def test_a_compiled_network_gives_a_copy(tiny_folder, monkeypatch):
    """A CUDA graph writes every result to the same place."""
    networks = ModelRegistry.build([f"tiny={tiny_folder}"], device="cpu").get("tiny").networks("float32")
    place = torch.zeros(2, 4, 8, 8)
    monkeypatch.setattr(networks, "_evaluate", lambda *_, **__: (place,))
    given = networks._forward(torch.zeros(2, 4, 8, 8), torch.zeros(2), torch.zeros(2, 24, 32))
    place += 1
    assert given.abs().max() == 0
