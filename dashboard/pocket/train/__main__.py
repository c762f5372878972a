"""The training program. Stop it at any time (Ctrl-C or SIGTERM): it saves its state and resumes."""

import argparse
import multiprocessing
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from types import FrameType

import torch

from dashboard.pocket import WEIGHTS_FOLDER
from dashboard.pocket.train.budgets import BUDGETS, Budget
from dashboard.pocket.train.data import load_world
from dashboard.pocket.train.session import Session, work_as_member
from dashboard.pocket.train.team import Team, run_team
from dashboard.pocket.world.art import DEFAULT_CACHE, ArtMissing, build_art


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dashboard.pocket.train", description=__doc__)
    parser.add_argument("--budget", choices=sorted(BUDGETS), default="cpu")
    parser.add_argument("--work", type=Path, default=Path(".cache/pocket-training"), help="where scenes and state live")
    parser.add_argument("--out", type=Path, default=WEIGHTS_FOLDER, help="where finished weights go")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes, one thread each (a GPU: one)")
    parser.add_argument("--from", dest="start", type=Path, help="finished weights to go on from, VAE kept")
    parser.add_argument("--vae-only", action="store_true", help="of the weights to go on from, take only the VAE")
    parser.add_argument("--vae-steps", type=int, help="instead of the budget's")
    parser.add_argument("--diffusion-steps", type=int, help="instead of the budget's")
    parser.add_argument("--export-only", action="store_true", help="write the weights of the saved state and stop")
    parser.add_argument("--art", action="store_true", help="fetch and rasterise the artwork, then stop")
    return parser.parse_args(argv)


def budget_from(args: argparse.Namespace) -> Budget:
    budget = BUDGETS[args.budget]
    return replace(
        budget,
        vae=replace(budget.vae, steps=args.vae_steps or budget.vae.steps),
        diffusion=replace(budget.diffusion, steps=args.diffusion_steps or budget.diffusion.steps),
    )


def main(argv: list[str] | None = None) -> int:
    args = parse(argv)
    if args.art:
        sys.stderr.write(f"{build_art()} pictures in {DEFAULT_CACHE}\n")
        return 0
    budget = budget_from(args)
    try:
        load_world(budget.world)
    except ArtMissing as missing:
        sys.stderr.write(f"{missing}\n")
        return 2
    if args.start is not None and not (args.start / "model_index.json").is_file():
        sys.stderr.write(f"There are no finished weights in {args.start}.\n")
        return 2
    if args.export_only:
        session = Session(Team(), budget, args.work)
        if not session.diffusion_trainee.step:
            sys.stderr.write(f"Nothing to export: no trained state in {session.work}.\n")
            return 2
        session.export(args.out)
        return 0
    # Signals to this process are for its members; they agree on the step at which all of them stop.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _pass_on)
    # Every member needs a share of each batch; a GPU needs no team.
    members = min(args.workers, budget.vae.batch_size, budget.diffusion.batch_size)
    size = 1 if torch.cuda.is_available() else members
    run_team(size, work_as_member, budget, args.work, args.out, args.start, args.vae_only)
    return 0


def _pass_on(number: int, _frame: FrameType | None) -> None:
    for child in multiprocessing.active_children():
        if child.pid is not None:
            os.kill(child.pid, number)


if __name__ == "__main__":
    raise SystemExit(main())
