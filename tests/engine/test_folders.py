"""Hostile and damaged model folders are refused with one sentence, and nothing in them runs."""

from __future__ import annotations

import json
import pickle
import shutil
import struct
from pathlib import Path

import pytest
from asking import ask

from dashboard.engine import Engine, JobFailed, ModelRegistry, ModelUnavailable
from dashboard.engine.folders import inspect_folder

UNET = "unet/diffusion_pytorch_model.safetensors"
VAE = "vae/diffusion_pytorch_model.safetensors"
TEXT = "text_encoder/model.safetensors"


class Bomb:
    """Unpickling this writes a file."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self):
        return Path.write_text, (self.proof, "executed")


def cut_short(folder: Path, proof: Path) -> None:
    file = folder / UNET
    file.write_bytes(file.read_bytes()[:-1000])


def cut_in_the_header(folder: Path, proof: Path) -> None:
    (folder / VAE).write_bytes((folder / VAE).read_bytes()[:100])


def empty_weights(folder: Path, proof: Path) -> None:
    (folder / TEXT).write_bytes(b"")


def bit_flipped_in_the_header(folder: Path, proof: Path) -> None:
    data = bytearray((folder / UNET).read_bytes())
    data[8] ^= 1
    (folder / UNET).write_bytes(data)


def bit_flipped_in_an_offset(folder: Path, proof: Path) -> None:
    data = (folder / UNET).read_bytes()
    place = data.index(b"data_offsets") + len(b'data_offsets":[')
    (folder / UNET).write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])


def bit_flipped_in_a_shape(folder: Path, proof: Path) -> None:
    data = (folder / UNET).read_bytes()
    place = data.index(b'"shape":[') + len(b'"shape":[')
    (folder / UNET).write_bytes(data[:place] + bytes([data[place] ^ 2]) + data[place + 1 :])


def huge_header(folder: Path, proof: Path) -> None:
    (folder / UNET).write_bytes(struct.pack("<Q", 2**60) + b"{}")


def long_header_that_is_there(folder: Path, proof: Path) -> None:
    header = b"[" * 17_000_000
    (folder / UNET).write_bytes(struct.pack("<Q", len(header)) + header)


def deep_header(folder: Path, proof: Path) -> None:
    header = b"[" * 100_000
    (folder / UNET).write_bytes(struct.pack("<Q", len(header)) + header)


def pickle_renamed(folder: Path, proof: Path) -> None:
    (folder / UNET).write_bytes(pickle.dumps(Bomb(proof)))


def pickle_only(folder: Path, proof: Path) -> None:
    (folder / UNET).unlink()
    (folder / "unet/diffusion_pytorch_model.bin").write_bytes(pickle.dumps(Bomb(proof)))


def carries_python(folder: Path, proof: Path) -> None:
    (folder / "unet" / "my_unet.py").write_text(f"open({str(proof)!r}, 'w').write('executed')")
    (folder / "model_index.json").write_text(
        json.dumps(
            json.loads((folder / "model_index.json").read_text()) | {"unet": ["my_unet", "UNet2DConditionModel"]}
        )
    )


def names_another_class(folder: Path, proof: Path) -> None:
    (folder / "model_index.json").write_text(
        json.dumps(json.loads((folder / "model_index.json").read_text()) | {"unet": ["os", "system"]})
    )


def missing_shard(folder: Path, proof: Path) -> None:
    (folder / UNET).unlink()
    index = {"metadata": {}, "weight_map": {"conv_in.weight": "diffusion_pytorch_model-00001-of-00002.safetensors"}}
    (folder / "unet/diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(index))


def shard_elsewhere(folder: Path, proof: Path) -> None:
    (folder / UNET).unlink()
    index = {"metadata": {}, "weight_map": {"conv_in.weight": "../../../../etc/passwd"}}
    (folder / "unet/diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(index))


def no_weights(folder: Path, proof: Path) -> None:
    (folder / VAE).unlink()


def broken_json(folder: Path, proof: Path) -> None:
    (folder / "unet/config.json").write_text("{")


def json_of_another_kind(folder: Path, proof: Path) -> None:
    (folder / "vae/config.json").write_text("[]")


def no_index(folder: Path, proof: Path) -> None:
    (folder / "model_index.json").unlink()


def no_channels(folder: Path, proof: Path) -> None:
    (folder / "unet/config.json").write_text('{"sample_size": 8}')


FOUND_BY_LOOKING = [
    cut_short,
    cut_in_the_header,
    empty_weights,
    bit_flipped_in_the_header,
    bit_flipped_in_an_offset,
    bit_flipped_in_a_shape,
    huge_header,
    long_header_that_is_there,
    deep_header,
    pickle_renamed,
    pickle_only,
    carries_python,
    names_another_class,
    missing_shard,
    shard_elsewhere,
    no_weights,
    broken_json,
    json_of_another_kind,
    no_index,
    no_channels,
]


@pytest.fixture
def folder(tiny_folder, tmp_path) -> Path:
    """A copy of the tiny model to damage."""
    return shutil.copytree(tiny_folder, tmp_path / "damaged")


@pytest.mark.parametrize("damage", FOUND_BY_LOOKING, ids=lambda damage: damage.__name__)
def test_refused_by_looking(folder, tmp_path, damage):
    damage(folder, tmp_path / "proof")
    info = ModelRegistry.build([f"damaged={folder}"], device="cpu").info("damaged")
    assert not info.available
    assert info.reason.endswith(".") and len(info.reason) < 300 and "\n" not in info.reason
    assert not (tmp_path / "proof").exists()


def rename_a_tensor(folder: Path) -> None:
    """One bit of a name: the header is still sound."""
    data = (folder / UNET).read_bytes()
    place = data.index(b"conv_in.weight")
    (folder / UNET).write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])


def other_config(folder: Path) -> None:
    config = json.loads((folder / "unet/config.json").read_text())
    (folder / "unet/config.json").write_text(json.dumps(config | {"block_out_channels": [16, 64]}))


def broken_tokenizer(folder: Path) -> None:
    (folder / "tokenizer/tokenizer.json").write_text('{"model": 3}')


@pytest.mark.parametrize(
    "damage", [rename_a_tensor, other_config, broken_tokenizer], ids=lambda damage: damage.__name__
)
def test_refused_when_loaded_and_the_engine_goes_on(folder, tiny_folder, damage):
    """What no look at the headers can see ends as a failed job with a sentence."""
    damage(folder)
    engine = Engine(ModelRegistry.build([f"damaged={folder}", f"tiny={tiny_folder}"], device="cpu"))
    try:
        with pytest.raises(JobFailed) as failure:
            engine.submit([ask(model="damaged")]).results(timeout=60)
        assert "\n" not in str(failure.value) and len(str(failure.value)) < 300
        assert len(engine.submit([ask()]).results(timeout=60)) == 1
    finally:
        engine.close()


def test_a_whole_folder_passes(tiny_folder):
    folder = inspect_folder(tiny_folder)
    assert (folder.native_size, folder.latent_channels, folder.vae_scale_factor) == (32, 4, 4)
    assert (folder.size_multiple, folder.prompt_tokens) == (8, 24)


def test_pickles_beside_safetensors_are_not_read(folder, tmp_path):
    (folder / "unet/diffusion_pytorch_model.bin").write_bytes(pickle.dumps(Bomb(tmp_path / "proof")))
    engine = Engine(ModelRegistry.build([f"tiny={folder}"], device="cpu"))
    assert len(engine.submit([ask()]).results(timeout=60)) == 1
    engine.close()
    assert not (tmp_path / "proof").exists()


def test_the_hash_changes_with_any_file_that_is_read(folder):
    before = inspect_folder(folder).weights_sha256()
    assert inspect_folder(folder).weights_sha256() == before
    data = bytearray((folder / UNET).read_bytes())
    data[-1] ^= 1
    (folder / UNET).write_bytes(data)
    assert inspect_folder(folder).weights_sha256() != before


def test_a_missing_folder_is_said(tmp_path):
    with pytest.raises(ModelUnavailable, match="no model folder"):
        inspect_folder(tmp_path / "nowhere")
