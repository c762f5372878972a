"""Trains the judge: `python -m dashboard.pocket.train.judge`. Stop it at any time; the same command goes on."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL

from dashboard.pocket import WEIGHTS_FOLDER
from dashboard.pocket.judge import JUDGE_FOLDER, Judge, JudgeNetwork, save_judge
from dashboard.pocket.train.budgets import Phase
from dashboard.pocket.train.data import World, load_world, to_pixels
from dashboard.pocket.train.examples import (
    SKEWED_SUBJECT,
    UNSEEN_FROM,
    Examples,
    draw_scenes,
    load_examples,
    round_trip,
    study_scene,
    unseen_scenes,
)
from dashboard.pocket.train.ledger import Ledger
from dashboard.pocket.train.supervision import command, fields_loss, jittered, resume, train_alone, truth_tensors
from dashboard.pocket.train.team import Team
from dashboard.pocket.train.trainee import Trainee
from dashboard.pocket.truth import fields, shown
from dashboard.pocket.world.casts import SHIPPED
from dashboard.pocket.world.scene import Scene
from dashboard.pocket.world.subjects import Cast


@dataclass(frozen=True, kw_only=True)
class JudgeBudget:
    phase: Phase
    training_scenes: int
    study_scenes: int
    unseen_scenes: int = 2000
    channels: tuple[int, ...] = (48, 96, 192)
    world: str = SHIPPED


BUDGETS = {
    "smoke": JudgeBudget(
        phase=Phase(steps=150, batch_size=32, learning_rate=4e-3, warmup_steps=5, ema_decay=0.9),
        training_scenes=400,
        study_scenes=200,
        unseen_scenes=100,
        channels=(16, 16, 32),
        world="shapes",
    ),
    # About half an hour on one free core, ten minutes of it for the pictures.
    "cpu": JudgeBudget(
        phase=Phase(steps=1800, batch_size=128, learning_rate=2e-3, cooldown=0.7, ema_decay=0.99),
        training_scenes=70_000,
        study_scenes=60_000,
    ),
}


def train_judge(trainee: Trainee, examples: Examples, cast: Cast) -> Iterator[dict[str, float]]:
    """Runs until the phase's steps are done; yields the loss and the share of right answers after each."""
    (network,) = trainee.modules
    truth = truth_tensors(examples.scenes, cast)
    while trainee.step < trainee.phase.steps:
        rng = np.random.default_rng((6, trainee.step))
        generator = torch.Generator().manual_seed(trainee.step)
        picked = np.sort(rng.choice(len(examples.scenes), size=trainee.phase.batch_size, replace=False))
        targets = {name: values[picked] for name, values in truth.items()}
        with torch.autocast("cpu", dtype=torch.bfloat16):
            outputs = network(jittered(to_pixels(examples.images[picked]), generator))
        loss = fields_loss(outputs, targets)
        trainee.update(loss)
        right = [(outputs[name].argmax(dim=1) == targets[name]).float().mean() for name in ("subject", "background")]
        yield {"fields": loss.item(), "subject": right[0].item(), "background": right[1].item()}


def measure(judge: Judge, world: World, vae: AutoencoderKL, count: int) -> dict[str, object]:
    """Right answers per field on unseen scenes, rendered and decoded; and what it takes an astronaut for.

    The astronauts are of the study set's kind, every variant equally often, and decoded.
    """
    scenes = unseen_scenes(count, world.cast)
    images = draw_scenes(scenes, world)
    skewed = skewed_scenes(count // 2, world.cast)
    report: dict[str, object] = {
        "scenes": count,
        "rendered": right_answers(judge, scenes, images, world.cast),
        "decoded": right_answers(judge, scenes, _decoded(images, vae), world.cast),
    }
    if skewed:
        pictures = _decoded(draw_scenes(skewed, world), vae)
        report[SKEWED_SUBJECT] = {
            name: confusion(judge, skewed, pictures, name, world.cast) for name in ("sex", "skin_tone")
        }
    return report


def skewed_scenes(count: int, cast: Cast) -> tuple[Scene, ...]:
    """Unseen study scenes of "a photo of an astronaut": alone, of normal size, in any place."""
    if SKEWED_SUBJECT not in cast.by_name:
        return ()
    found: list[Scene] = []
    index = UNSEEN_FROM
    while len(found) < count:
        scene = study_scene(index, cast)
        first = scene.figures[0]
        plain = scene.relation is None and scene.style in ("photo", "3d render") and first.size == "normal"
        if plain and first.subject == SKEWED_SUBJECT:
            found.append(scene)
        index += 1
    return tuple(found)


def right_answers(judge: Judge, scenes: Sequence[Scene], images: np.ndarray, cast: Cast) -> dict[str, dict[str, int]]:
    """Per field, `right` of `of`; a second subject's fields count only where there is one."""
    found = {name: {"right": 0, "of": 0} for name in fields(cast)}
    for scene, verdict in zip(scenes, judge.verdicts(list(images)), strict=True):
        for name, truth in shown(scene, cast).items():
            if truth is None or (name == "second_colour" and scene.relation is None):
                continue
            found[name]["of"] += 1
            found[name]["right"] += verdict[name] == truth
    return found


def confusion(
    judge: Judge, scenes: Sequence[Scene], images: np.ndarray, name: str, cast: Cast
) -> dict[str, dict[str, int]]:
    """How often the true class (outer) is taken for each class (inner)."""
    classes = judge.fields[name]
    table = {true: dict.fromkeys(classes, 0) for true in classes}
    for scene, verdict in zip(scenes, judge.verdicts(list(images)), strict=True):
        true = shown(scene, cast)[name]
        if true is not None:
            table[true][verdict[name]] += 1
    return table


def _decoded(images: np.ndarray, vae: AutoencoderKL) -> np.ndarray:
    return np.concatenate([round_trip(images[start : start + 100], vae) for start in range(0, len(images), 100)])


def run(budget: JudgeBudget, work: Path, out: Path, *, seconds: float | None = None) -> bool:
    """Train until the budget or the time is spent; True where the judge was finished and written to `out`."""
    world = load_world(budget.world)
    vae = AutoencoderKL.from_pretrained(WEIGHTS_FOLDER / "vae").to(memory_format=torch.channels_last).eval()
    examples = load_examples(work, world, vae, training=budget.training_scenes, study=budget.study_scenes)
    torch.manual_seed(1)
    network = JudgeNetwork(fields(world.cast), budget.channels)
    trainee = Trainee([network], budget.phase, Team())
    state = work / "judge.pt"
    resume(trainee, state)
    ledger = Ledger(work / "judge-losses.csv", "judge", budget.phase.steps)
    if not train_alone(trainee, train_judge(trainee, examples, world.cast), state, ledger, seconds):
        return False
    trainee.swap_average()
    save_judge(network, out)
    report = measure(Judge(out), world, vae, budget.unseen_scenes)
    (out / "measured.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return True


def main(argv: list[str] | None = None) -> int:
    return command("judge", __doc__, BUDGETS, JUDGE_FOLDER, run, argv)


if __name__ == "__main__":
    raise SystemExit(main())
