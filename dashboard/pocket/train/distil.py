"""Distils Pocket into four steps with guidance built in: `python -m dashboard.pocket.train.distil`.

Each step of the student should lead to where its guided teacher gets in several, from the same noise. That is a
relative of progressive distillation (Salimans and Ho 2022, arXiv:2202.00512; of guided models, Meng et al. 2022,
arXiv:2210.03142), which halves the steps again and again on noised data; here the teacher's whole ways are drawn once,
and the student walks from its own latents, so it learns to mend its own errors. What it learns is a LoRA beside
Pocket's weights. Stop it at any time; the same command goes on.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline
from torch import nn
from torch.nn.utils import parametrize

from dashboard.pocket import FAST_FILE, WEIGHTS_FOLDER
from dashboard.pocket.evaluate import load_pipeline
from dashboard.pocket.measures import weights_sha256
from dashboard.pocket.train.budgets import Phase
from dashboard.pocket.train.ledger import Ledger
from dashboard.pocket.train.low_rank import attach, save_changes
from dashboard.pocket.train.supervision import command, resume, train_alone
from dashboard.pocket.train.teacher_paths import FEW, GUIDANCE, captions_of, draw_paths, load_paths, trailing
from dashboard.pocket.train.team import Team
from dashboard.pocket.train.trainee import Trainee
from dashboard.pocket.world.casts import SHIPPED_CAST
from dashboard.pocket.world.subjects import Cast


@dataclass(frozen=True, kw_only=True)
class DistilBudget:
    phase: Phase  # a step draws a batch of images, in all their steps
    paths: int  # of the teacher
    teacher_steps: int
    rank: int = 32


BUDGETS = {
    "smoke": DistilBudget(
        phase=Phase(steps=40, batch_size=4, learning_rate=2e-3, warmup_steps=2, ema_decay=0.8),
        paths=50,
        teacher_steps=4,
    ),
    # One free core: 15 minutes for the paths, 40 for the training.
    "cpu": DistilBudget(
        phase=Phase(steps=1_200, batch_size=20, learning_rate=2e-3, cooldown=0.7, ema_decay=0.99, bfloat16=True),
        paths=5_000,
        teacher_steps=8,
    ),
}


def train_distilled(
    trainee: Trainee, pipeline: StableDiffusionPipeline, paths: torch.Tensor, cast: Cast
) -> Iterator[dict[str, float]]:
    """`paths` as `load_paths` gives them. Yields the errors in latents after each step, at its last moment too."""
    scheduler = trailing(pipeline.scheduler.config)
    scheduler.set_timesteps(FEW)
    words = _embeddings(pipeline, len(paths), cast)
    while trainee.step < trainee.phase.steps:
        rng = np.random.default_rng((8, trainee.step))
        picked = torch.from_numpy(rng.choice(len(paths), size=trainee.phase.batch_size, replace=False))
        errors = _walk(pipeline.unet, scheduler, paths[picked].float(), words[picked].float(), trainee.phase.bfloat16)
        trainee.update(errors.mean())
        yield {"latents_mse": errors.mean().item(), "image_mse": errors[-1].item()}


def _walk(
    unet: nn.Module, scheduler: DDIMScheduler, paths: torch.Tensor, words: torch.Tensor, bfloat16: bool
) -> torch.Tensor:
    """From the paths' noise in FEW steps: the mean squared distance (FEW,) from the paths after each."""
    latents, errors = paths[:, 0], []
    with parametrize.cached():
        for index, timestep in enumerate(scheduler.timesteps):
            with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
                predicted = unet(latents, timestep, words).sample
            following = scheduler.step(predicted.float(), timestep, latents).prev_sample
            errors.append((following - paths[:, index + 1]).square().mean())
            latents = following.detach()
    return torch.stack(errors)


@torch.no_grad()
def _embeddings(pipeline: StableDiffusionPipeline, count: int, cast: Cast) -> torch.Tensor:
    """What the frozen text encoder makes of each path's prompt: float16 (count, tokens, width)."""
    found: list[torch.Tensor] = []
    while sum(map(len, found)) < count:
        tokens = pipeline.tokenizer(
            captions_of(len(found), cast), padding="max_length", truncation=True, return_tensors="pt"
        )
        found.append(pipeline.text_encoder(tokens.input_ids).last_hidden_state.half())
    return torch.cat(found)


def run(budget: DistilBudget, work: Path, out: Path, *, seconds: float | None = None) -> bool:
    """Train until the budget or the time is spent; True where the LoRA was finished and written to `out`."""
    started, teacher = time.monotonic(), weights_sha256(WEIGHTS_FOLDER)
    work = work / f"{teacher[:12]}-{budget.paths}x{budget.teacher_steps}-{budget.rank}"  # another teacher, other ways
    pipeline = load_pipeline(WEIGHTS_FOLDER)
    pipeline.scheduler = trailing(pipeline.scheduler.config)
    folder = work / "teacher-paths"
    for _ in draw_paths(folder, budget.paths, pipeline, budget.teacher_steps, SHIPPED_CAST):
        if seconds is not None and time.monotonic() - started > seconds:
            return False
    paths = load_paths(folder, budget.paths, budget.teacher_steps)
    torch.manual_seed(2)
    changes = attach(pipeline.unet, budget.rank)
    trainee = Trainee([nn.ModuleList(changes.values())], budget.phase, Team())
    state = work / "distil.pt"
    resume(trainee, state)
    ledger = Ledger(work / "distil-losses.csv", "distil", budget.phase.steps)
    losses = train_distilled(trainee, pipeline, paths, SHIPPED_CAST)
    left = None if seconds is None else seconds - (time.monotonic() - started)
    if not train_alone(trainee, losses, state, ledger, left):
        return False
    trainee.swap_average()
    made_with = {"paths": budget.paths, "teacher_steps": budget.teacher_steps, "steps": budget.phase.steps}
    save_changes(changes, out, {"teacher_sha256": teacher, "guidance_scale": GUIDANCE, **made_with})
    return True


def main(argv: list[str] | None = None) -> int:
    return command("distil", __doc__, BUDGETS, FAST_FILE, run, argv, work=Path(".cache/pocket-fast"))


if __name__ == "__main__":
    raise SystemExit(main())
