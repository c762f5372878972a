"""What the smaller trainings share: answers as tensors, a loss over them, jitter, a loop with a state, a command."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import torch
from torch.nn import functional as F

from dashboard.pocket.train.ledger import Ledger
from dashboard.pocket.train.trainee import Trainee
from dashboard.pocket.truth import UNKNOWN, answers, fields
from dashboard.pocket.world.art import ArtMissing
from dashboard.pocket.world.scene import Scene
from dashboard.pocket.world.subjects import Cast

SAVE_EVERY = 120.0  # seconds
Budget = TypeVar("Budget")


def truth_tensors(scenes: Sequence[Scene], cast: Cast) -> dict[str, torch.Tensor]:
    """Class numbers (N,) of every field, UNKNOWN where the picture does not say."""
    known = [answers(scene, cast) for scene in scenes]
    return {name: torch.tensor([row[name] for row in known]) for name in fields(cast)}


def fields_loss(outputs: dict[str, torch.Tensor], targets: dict[str, torch.Tensor]) -> torch.Tensor:
    """Mean cross-entropy over the fields that some picture of the batch answers."""
    losses = [
        F.cross_entropy(outputs[name], target, ignore_index=UNKNOWN)
        for name, target in targets.items()
        if bool((target != UNKNOWN).any())
    ]
    return torch.stack(losses).mean()


def jittered(pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Each picture (B, 3, H, W) moved by up to 3 pixels, its edge repeated, with a little noise."""
    padded = F.pad(pixels, (3, 3, 3, 3), mode="replicate")
    side = pixels.shape[-1]
    moves = torch.randint(0, 7, (len(pixels), 2), generator=generator).tolist()
    moved = torch.stack([padded[i, :, y : y + side, x : x + side] for i, (y, x) in enumerate(moves)])
    strength = 0.08 * torch.rand((len(pixels), 1, 1, 1), generator=generator)
    return moved + strength * torch.randn(moved.shape, generator=generator)


def resume(trainee: Trainee, state: Path) -> None:
    if state.exists():
        trainee.load_state_dict(torch.load(state, weights_only=True))


def train_alone(
    trainee: Trainee, losses: Iterator[dict[str, float]], state: Path, ledger: Ledger, seconds: float | None
) -> bool:
    """Run the steps that are left, keeping the state in `state`; False where `seconds` were over first."""
    started = saved = time.monotonic()
    for loss in losses:
        ledger.add(trainee.step, loss)
        now = time.monotonic()
        finished = trainee.step >= trainee.phase.steps
        over = seconds is not None and now - started > seconds
        if finished or over or now - saved > SAVE_EVERY:
            partial = state.with_suffix(".partial")
            torch.save(trainee.state_dict(), partial)
            partial.replace(state)
            saved = now
        if over and not finished:
            return False
    return True


def command(
    name: str,
    doc: str | None,
    budgets: Mapping[str, Budget],
    out: Path,
    run: Callable[..., bool],
    argv: list[str] | None,
    work: Path = Path(".cache/pocket-scorer"),
) -> int:
    """The command line of the training program `name`: reads `argv`, calls `run`, gives the exit status."""
    parser = argparse.ArgumentParser(prog=f"python -m dashboard.pocket.train.{name}", description=doc)
    parser.add_argument("--budget", choices=sorted(budgets), default="cpu")
    parser.add_argument("--work", type=Path, default=work, help="where pictures and state live")
    parser.add_argument("--out", type=Path, default=out, help=f"where the finished {name} goes")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, help="stop after so many; the same command goes on")
    args = parser.parse_args(argv)
    torch.set_num_threads(args.threads)
    try:
        finished = run(budgets[args.budget], args.work, args.out, seconds=args.seconds)
    except ArtMissing as missing:
        sys.stderr.write(f"{missing}\n")
        return 2
    if not finished:
        sys.stderr.write(f"Stopped; the state is in {args.work}. Run the same command to go on.\n")
    return 0
