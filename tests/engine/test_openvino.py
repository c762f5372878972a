"""The U-Net in OpenVINO: the same images up to rounding, and equal bits whoever shares the batch."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from asking import ask

from dashboard.engine import Engine, ImageRequest, ModelRegistry, max_difference, probes
from dashboard.engine.openvino_unet import OpenVinoUNet
from dashboard.engine.speed import check

MIXED = [ask(seed=seed, scheduler=key) for seed, key in enumerate(("pndm", "ddim", "euler", "heun", "lms"))]


def test_without_its_package_the_switch_says_what_to_install(monkeypatch):
    monkeypatch.setattr("dashboard.engine.speed.is_installed", lambda: False)
    with pytest.raises(ValueError, match=r"pip install -r requirements-openvino\.txt\.$"):
        check(["openvino"])
    assert (Path(__file__).parents[2] / "requirements-openvino.txt").is_file()


@pytest.fixture(scope="module")
def switched(tiny_folder: Path) -> Iterator[Engine]:
    pytest.importorskip("openvino", reason="needs requirements-openvino.txt")
    engine = Engine(ModelRegistry.build([f"tiny={tiny_folder}"], device="cpu", speed=("openvino",)), threads=1)
    yield engine
    engine.close()


def draw(engine: Engine, requests: list[ImageRequest]):
    return engine.submit(requests, use_memo=False).results(timeout=200)


def test_the_same_images_up_to_rounding(switched, engine):
    there, here = draw(switched, MIXED), draw(engine, MIXED)
    assert all(max_difference(a.array(), b.array()) <= 1 for a, b in zip(there, here, strict=True))
    assert there[0].versions["openvino"] == version("openvino") and "openvino" not in here[0].versions
    assert isinstance(switched.models.get("tiny").networks("float32")._evaluate, OpenVinoUNet)


def test_an_image_does_not_depend_on_who_shares_its_batch(switched):
    together, alone = draw(switched, MIXED), [draw(switched, [request])[0] for request in MIXED]
    assert [result.rgb for result in together] == [result.rgb for result in alone]


def test_its_attention_can_be_looked_at_all_the_same(switched):
    request = ask(seed=1)
    traced = switched.submit([request], traced=True).results(timeout=100)[0]
    assert traced.trace is not None
    maps = switched.consult("tiny", probes.attention_maps, request.prompt, traced.trace.steps[0]).result(timeout=100)
    assert maps.layers and (maps.prediction - traced.trace.steps[0].conditional).abs().max() < 1e-4
    assert draw(switched, [request])[0].rgb == traced.rgb  # OpenVINO again


def test_bfloat16_is_declared_and_close(switched):
    result, exact = draw(switched, [ask(seed=2, dtype="bfloat16")])[0], draw(switched, [ask(seed=2)])[0]
    assert result.dtype == "bfloat16" and result.sha256 != exact.sha256
