"""The arguments of every command."""

from __future__ import annotations

import argparse
from typing import NoReturn

from dashboard.engine import SCHEDULERS, ImageRequest
from dashboard.engine.catalogue import CATALOGUE, OURS, POCKET_FAST


class BadInput(ValueError):
    """What was typed cannot be done; the message is one sentence."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BadInput(f"{message[:300]} (see: {self.prog} --help)")


def build_parser() -> argparse.ArgumentParser:
    """`python -m dashboard`: one subcommand each for image, grid, verify, bench, models and faces-server."""
    parser = _Parser(
        prog="python -m dashboard", description="Text-to-image diffusion, without a browser.", allow_abbrev=False
    )
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="{image,grid,verify,bench,models,faces-server}"
    )

    image = _command(commands, "image", "draw one image; print the SHA-256 of its RGB bytes")
    image.add_argument("--prompt", required=True, help="what to draw")
    _settings(image)
    image.add_argument("--out", required=True, metavar="F.png", help="the PNG to write; it carries its receipt")

    grid = _command(commands, "grid", "draw a labelled grid over one or two axes")
    grid.add_argument("--prompt", required=True, nargs="+", action="extend", metavar="P", help="several make an axis")
    _settings(grid)
    grid.add_argument(
        "--axis",
        action="append",
        default=[],
        metavar="NAME=VALUES",
        help="guidance=2:21:3 (as Python's range, the stop left out) or scheduler=pndm,ddim; "
        "of guidance, steps, seed, scheduler, prompt, negative; the first gives the columns, the second the rows",
    )
    grid.add_argument("--out", required=True, metavar="DIR", help="the folder to write")

    verify = _command(
        commands,
        "verify",
        "draw a PNG again from its receipt: exit 0 identical, 1 close, 2 different",
        model=None,
        model_help="draw with this model (default: the receipt's)",
    )
    verify.add_argument("file", metavar="F.png")

    bench = _command(commands, "bench", "time the engine against one image at a time with plain diffusers")
    bench.add_argument("--quick", action="store_true", help="the guidance sweep only, median of 3")
    bench.add_argument(
        "--random-weights", metavar="SHAPE", help="a model made in memory: sd-1, or tiny for trying it out"
    )
    bench.add_argument("--rounds", type=int, default=5, metavar="N", help="runs of each side (default: %(default)s)")
    bench.add_argument("--out", metavar="F.json", help="write the figures there as well, and a chart beside")

    models = _command(commands, "models", "what can run here, and why not", model=None, model_help="this model only")
    models.add_argument("--download", action="store_true", help="fetch the model from the hub now, and check it")

    faces = _command(commands, "faces-server", "restore faces over HTTP, as the faces lesson's code expects it")
    faces.add_argument("--host", default="127.0.0.1", help="address to listen on; default: this machine only")
    faces.add_argument("--port", type=int, default=7860, metavar="N", help="default: %(default)s")
    return parser


def base_request(arguments: argparse.Namespace, prompt: str) -> ImageRequest:
    """The request that the arguments describe. ValueError where one is out of range."""
    own = CATALOGUE[arguments.model].settings if arguments.model in OURS else {}
    chosen = {
        "num_inference_steps": arguments.steps,
        "guidance_scale": arguments.guidance,
        "scheduler": arguments.scheduler,
    }
    return ImageRequest(
        prompt=prompt,
        negative_prompt=arguments.negative,
        seed=arguments.seed,
        model=arguments.model,
        **own | {name: value for name, value in chosen.items() if value is not None},
    )


def _command(
    commands: argparse._SubParsersAction[_Parser],
    name: str,
    text: str,
    *,
    model: str | None = "pocket",
    model_help: str = "default: pocket",
) -> _Parser:
    command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".", allow_abbrev=False)
    command.add_argument("--model", default=model, metavar="ID", help=model_help)
    command.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    return command


def _settings(command: _Parser) -> None:
    plain = ImageRequest(prompt="")
    command.add_argument("--negative", default="", metavar="N", help="negative prompt")
    command.add_argument("--seed", type=int, default=plain.seed, metavar="S", help="default: %(default)s")
    own = f"; {CATALOGUE[POCKET_FAST].name} takes its own"
    command.add_argument("--steps", type=int, metavar="N", help=f"default: {plain.num_inference_steps}{own}")
    command.add_argument("--guidance", type=float, metavar="G", help=f"default: {plain.guidance_scale:g}{own}")
    command.add_argument("--scheduler", metavar="K", help=f"{', '.join(SCHEDULERS)}; default: {plain.scheduler}{own}")
    command.add_argument("--no-memo", action="store_true", help="compute everything, even what was computed before")
