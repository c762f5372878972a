"""One file of weights with the original names: read as the folder that it was made from, or refused in a sentence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from asking import ask
from original_file import save_original
from safetensors.torch import load_file, save_file
from tiny_model import add_checker, save_tiny_model, save_tiny_xl

from dashboard.engine import Engine, ImageResult, ModelRegistry, ModelUnavailable
from dashboard.engine.pins import Pins
from dashboard.engine.sources import parse_source


@pytest.fixture(scope="module")
def made(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_original(tiny_folder, tmp_path_factory.mktemp("one") / "tiny.safetensors")


@pytest.fixture
def file(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(made, tmp_path / "one.safetensors"))


@pytest.fixture
def configs(tiny_folder: Path, tmp_path: Path) -> Path:
    """The folder without its weights: configs and tokenizer only."""
    return shutil.copytree(tiny_folder, tmp_path / "configs", ignore=shutil.ignore_patterns("*.safetensors"))


def registry(listed: str, record: Path | None = None) -> ModelRegistry:
    return ModelRegistry.build([f"tiny={listed}"], device="cpu", pins=Pins(record))


def draw(models: ModelRegistry) -> ImageResult:
    engine = Engine(models, threads=1)
    try:
        return engine.submit([ask(seed=3)]).results(timeout=60)[0]
    finally:
        engine.close()


def refusal(models: ModelRegistry) -> str:
    with pytest.raises(ModelUnavailable) as error:
        models.get("tiny")
    assert str(error.value).endswith(".") and "\n" not in str(error.value)
    return str(error.value)


def test_it_draws_what_its_folder_draws(file, configs, tiny_folder):
    single, folder = draw(registry(f"{file}@{configs}")), draw(registry(str(tiny_folder)))
    assert single.rgb == folder.rgb
    assert single.weights_sha256 != folder.weights_sha256  # other files


def test_a_place_is_a_file_at_a_folder():
    place = parse_source("mine=/srv/one.safetensors@/srv/tiny").place
    assert (place.path, place.configs, place.name) == (Path("/srv/one.safetensors"), Path("/srv/tiny"), "one")


def test_alone_it_says_what_to_do(file):
    info = registry(str(file)).info("tiny")
    assert not info.available
    assert info.reason.startswith("one.safetensors is a single file") and "one.safetensors@folder" in info.reason


def test_a_file_of_another_kind_may_hold_code_and_is_not_read(tmp_path):
    file = tmp_path / "one.ckpt"
    file.write_bytes(b"cos\nsystem\n")
    assert "can run code" in refusal(registry(str(file)))


def test_what_it_was_first_is_recorded_and_checked(file, configs, tmp_path):
    record = tmp_path / "record.json"
    registry(f"{file}@{configs}", record).get("tiny")
    pinned = json.loads(record.read_text())[str(file)]["files"]
    assert "one.safetensors" in pinned and "unet/config.json" in pinned
    registry(f"{file}@{configs}", record).get("tiny")  # the same one again
    tensors = load_file(file)
    name = next(name for name in tensors if name.endswith("conv_out.bias"))
    save_file({**tensors, name: tensors[name] + 1}, file)
    told = refusal(registry(f"{file}@{configs}", record))
    assert "is not what was used first: one.safetensors has changed" in told and str(record) in told


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def without(part: str):
    def damage(file: Path) -> None:
        tensors = load_file(file)
        tensors.pop(next(name for name in tensors if part in name))
        save_file(tensors, file)

    return damage


def strange(file: Path) -> None:
    save_file({"somewhere.weight": torch.zeros(2, 2)}, file)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (cut, "damaged or is not a safetensors file"),
        (without("diffusion_model.input_blocks.1.0"), "its unet is incomplete"),
        (without("q_proj"), "its text_encoder is incomplete"),
        (without("decoder.conv_in"), "its vae is incomplete"),
        (strange, "or of another kind"),
        (Path.unlink, "There is no file"),
    ],
)
def test_a_damaged_file_is_refused(file, configs, damage, told):
    damage(file)
    assert told in refusal(registry(f"{file}@{configs}"))


def test_configs_of_another_shape_are_refused(file, tmp_path):
    assert "does not fit the configs" in refusal(registry(f"{file}@{save_tiny_xl(tmp_path / 'xl')}"))
    other = save_tiny_model(tmp_path / "other", text_width=48)
    assert "its text_encoder is incomplete" in refusal(registry(f"{file}@{other}"))


def test_a_folder_with_program_code_is_refused_here_too(file, configs):
    (configs / "unet" / "model.py").write_text("raise SystemExit")
    assert "carries program code" in refusal(registry(f"{file}@{configs}"))


def test_the_folders_safety_checker_counts_where_it_is_whole(file, configs):
    add_checker(configs, threshold=-2.0)
    models = registry(f"{file}@{configs}")
    assert models.info("tiny").safety == "on" and draw(models).filtered
    (configs / "safety_checker" / "model.safetensors").unlink()
    assert registry(f"{file}@{configs}").info("tiny").safety == "none"
