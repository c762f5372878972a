"""Distilling on the smallest budget, with the shipped weights as teacher: it learns, goes on, and its LoRA fits."""

import csv

import pytest
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from torch import nn

from dashboard.engine.lora import add_lora
from dashboard.pocket import FAST_FILE, WEIGHTS_FOLDER
from dashboard.pocket.measures import weights_sha256
from dashboard.pocket.train import distil
from dashboard.pocket.train.low_rank import add_changes, attach, origin
from dashboard.pocket.train.teacher_paths import CHUNK, FEW, GUIDANCE, captions_of, load_paths, trailing
from dashboard.pocket.world.casts import SHIPPED_CAST

SMOKE = distil.BUDGETS["smoke"]


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """The program, told to stop after its first paths, then after its first step, and started again."""
    work = tmp_path_factory.mktemp("distil")
    command = ["--budget", "smoke", "--work", str(work), "--out", str(work / "out" / "lora.safetensors")]
    for left in ("teacher-paths", "distil.pt"):
        assert distil.main([*command, "--seconds", "0"]) == 0
        assert list(work.glob(f"*/{left}")) and not (work / "out").exists(), "stopped, it must not ship"
    assert distil.main(command) == 0
    return work


@pytest.fixture(scope="module")
def paths(work):
    (folder,) = work.glob("*/teacher-paths")
    return load_paths(folder, SMOKE.paths, SMOKE.teacher_steps)


def unet():
    return UNet2DConditionModel.from_pretrained(WEIGHTS_FOLDER, subfolder="unet")


def test_it_learns(work):
    (losses,) = work.glob("*/distil-losses.csv")
    with losses.open() as file:
        errors = [float(row["value"]) for row in csv.DictReader(file) if row["loss"] == "latents_mse"]
    assert errors[-1] < 0.9 * errors[0]


def test_paths_begin_with_noise_and_end_where_the_teacher_does(paths):
    assert paths.shape == (CHUNK, FEW + 1, 4, 16, 16)
    noise = paths[:, 0].float()
    assert abs(noise.mean()) < 0.02 and noise.std() == pytest.approx(1, abs=0.02)
    teacher = StableDiffusionPipeline.from_pretrained(WEIGHTS_FOLDER)
    teacher.scheduler = trailing(teacher.scheduler.config)
    drawn = teacher(
        captions_of(0, SHIPPED_CAST)[:2],
        latents=noise[:2],
        num_inference_steps=SMOKE.teacher_steps,
        guidance_scale=GUIDANCE,
        output_type="latent",
    ).images
    assert (drawn - paths[:2, -1]).abs().max() < 0.05  # half precision on disk, the noise too


@pytest.mark.parametrize("budget", sorted(distil.BUDGETS))
def test_the_students_moments_are_moments_of_its_teacher(budget):
    scheduler = trailing(DDIMScheduler.load_config(WEIGHTS_FOLDER, subfolder="scheduler"))
    scheduler.set_timesteps(distil.BUDGETS[budget].teacher_steps)
    teachers = scheduler.timesteps.tolist()
    scheduler.set_timesteps(FEW)
    assert scheduler.timesteps[0] == 999
    assert teachers[:: len(teachers) // FEW] == scheduler.timesteps.tolist()


def test_a_change_is_nothing_until_it_learned():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 16, 3), nn.Flatten(), nn.Linear(16 * 36, 8), nn.Linear(8, 4))
    pictures = torch.randn(2, 3, 8, 8)
    before = network(pictures)
    changes = attach(network, rank=8)
    assert sorted(changes) == ["0", "2"]  # the last has fewer rows than the rank
    assert torch.equal(network(pictures), before)
    network(pictures).sum().backward()
    assert all(change.up.grad.abs().sum() > 0 for change in changes.values())
    assert network[3].weight.grad is None


def test_what_it_writes_is_a_lora_that_the_engine_reads_alike(work):
    file = work / "out" / "lora.safetensors"
    here, engine, plain = unet(), unet(), unet()
    add_changes(here, file)
    add_lora(engine, file)
    changed = 0
    for name, value in here.state_dict().items():
        assert torch.allclose(value, engine.state_dict()[name], atol=1e-6)
        changed += not torch.equal(value, plain.state_dict()[name])
    assert changed > 50
    with pytest.raises(ValueError, match="changes unet"):
        add_changes(nn.Linear(2, 2), file)


def test_it_says_what_it_was_made_for_and_with(work):
    made = origin(work / "out" / "lora.safetensors")
    assert made["teacher_sha256"] == weights_sha256(WEIGHTS_FOLDER)
    assert (int(made["paths"]), int(made["teacher_steps"])) == (SMOKE.paths, SMOKE.teacher_steps)


def test_what_ships_was_made_for_the_weights_that_ship():
    """After shipping new weights: `make pocket-fast`."""
    assert origin(FAST_FILE)["teacher_sha256"] == weights_sha256(WEIGHTS_FOLDER)
