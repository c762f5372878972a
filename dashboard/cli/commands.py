"""The commands `image`, `verify`, `bench` and `models`."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path
from typing import Any

from dashboard.cli.files import writable_file, write_file
from dashboard.cli.parser import BadInput, base_request
from dashboard.cli.work import Outcome, download, draw, note, open_engine
from dashboard.engine import ModelInfo
from dashboard.export import judge, png_bytes, read_pixels, read_receipt
from dashboard.export.png import MAX_FILE_BYTES

VERDICT_EXITS = {"identical": 0, "close": 1, "different": 2}


def run_image(arguments: argparse.Namespace) -> Outcome:
    """Draw one image and write its PNG."""
    request = base_request(arguments, arguments.prompt)
    file = writable_file(arguments.out, ".png")
    with open_engine() as engine:
        (result,) = draw(engine, [request], use_memo=not arguments.no_memo)
    write_file(file, png_bytes(result))
    summary = {"sha256": result.sha256, "file": str(file), "seconds": result.seconds, "request": request.as_dict()}
    return Outcome(summary, result.sha256)


def run_verify(arguments: argparse.Namespace) -> Outcome:
    """Draw a PNG again from its receipt."""
    data = _read(arguments.file)
    receipt, pixels = read_receipt(data), read_pixels(data)
    model = arguments.model or receipt.request.model
    with open_engine() as engine:
        (result,) = draw(engine, [receipt.request.replace(model=model)], use_memo=False)
    found = judge(receipt, pixels, result)
    summary = {
        "verdict": found.verdict,
        "max_difference": found.max_difference,
        "mean_abs_difference": found.mean_abs_difference,
        "edited": found.edited,
        "differences": [dataclasses.asdict(difference) for difference in found.differences],
        "sha256": receipt.sha256,
        "rendered_sha256": found.result.sha256,
        "file": arguments.file,
        "message": found.sentence,
    }
    return Outcome(summary, found.sentence, VERDICT_EXITS[found.verdict])


def run_bench(arguments: argparse.Namespace) -> Outcome:
    """Time the engine against the course's loop."""
    file = writable_file(arguments.out, ".json") if arguments.out else None
    if not 1 <= arguments.rounds <= 100:
        raise BadInput("The rounds must be a whole number from 1 to 100.")
    from dashboard.bench import as_text, run  # diffusers' pipeline takes seconds to import
    from dashboard.bench.chart import chart_svg
    from dashboard.bench.shapes import run_shape

    options: dict[str, Any] = {"quick": arguments.quick, "rounds": arguments.rounds, "note": note}
    shape = arguments.random_weights
    report = run_shape(shape, **options) if shape else run(arguments.model, **options)
    if file:
        write_file(file, (json.dumps(report, indent=2) + "\n").encode())
        write_file(file.with_suffix(".svg"), chart_svg(report))
    return Outcome(report, as_text(report))


def run_models(arguments: argparse.Namespace) -> Outcome:
    """List the models that this server knows."""
    if arguments.download and not arguments.model:
        raise BadInput("Name the model to download with --model.")
    with open_engine() as engine:
        if arguments.download:
            download(engine, arguments.model)
        infos = [engine.models.info(arguments.model)] if arguments.model else list(engine.models.infos())
    lines = [line for info in infos for line in _about(info)]
    return Outcome([dataclasses.asdict(info) for info in infos], "\n".join(lines))


def _about(info: ModelInfo) -> list[str]:
    """What an operator should know of a model."""
    state = f"ready. {info.reason}".strip(". ") if info.available else f"not here: {info.reason}".rstrip(".")
    size = f"; {info.memory_gb:g} GB on a graphics card" if info.memory_gb else ""
    return [
        f"{info.id}: {state}",
        f"    {info.name}, {info.native_size} px, {info.default_steps} steps, "
        f"guidance {info.default_guidance_scale:g}, {info.default_scheduler}{size}",
        f"    {info.licence}. {info.restrictions}",
        f"    Suits {info.suits}. {info.safety_note}",
    ]


def _read(name: str) -> bytes:
    try:
        with Path(name).open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise BadInput(f"The file {name[:200]!r} cannot be read: {reason}.") from error
