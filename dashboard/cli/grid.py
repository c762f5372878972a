"""`grid`: a folder with a labelled sheet, one PNG a cell, a table and a page."""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Sequence
from pathlib import Path

from dashboard.axes import Axis, grid_requests, parse_axis, prompt_axis
from dashboard.cli.files import folder_at_once, writable_folder
from dashboard.cli.parser import base_request
from dashboard.cli.work import Outcome, draw, open_engine
from dashboard.engine import SCHEDULERS, ImageRequest, ImageResult
from dashboard.export import Cell, cell_caption, cells_csv, file_name, grid_png, index_html, png_bytes

CELLS = "[0-9][0-9]*-[0-9][0-9]*-*-seed*-steps*-g*-*.png"  # as named below


def run_grid(arguments: argparse.Namespace) -> Outcome:
    """Draw a grid and write its folder."""
    rows, columns = _axes(arguments)
    base = base_request(arguments, arguments.prompt[0])
    requests = grid_requests(base, [axis for axis in (rows, columns) if axis])
    folder = writable_folder(arguments.out)
    start = time.perf_counter()
    with open_engine() as engine:
        results = draw(engine, requests, use_memo=not arguments.no_memo)
    across = len(columns.values)
    cells = [
        Cell(file=f"{i // across + 1:02}-{i % across + 1:02}-{file_name(result)}", result=result)
        for i, result in enumerate(results)
    ]
    row_labels = rows.labels if rows else ()
    _write(folder, cells, row_labels, columns.labels, _title(base, results[0], [rows, columns]))
    summary = {
        "directory": str(folder),
        "grid": "grid.png",
        "table": "cells.csv",
        "page": "index.html",
        "seconds": round(time.perf_counter() - start, 3),
        "cells": [
            {
                "file": c.file,
                "sha256": c.result.sha256,
                "seconds": c.result.seconds,
                "request": c.result.request.as_dict(),
            }
            for c in cells
        ],
    }
    return Outcome(summary, "\n".join(f"{c.result.sha256}  {folder / c.file}" for c in cells))


def _axes(arguments: argparse.Namespace) -> tuple[Axis | None, Axis]:
    """Rows, if there are two axes, and columns. Several prompts are rows: they are long to read."""
    typed = [parse_axis(text) for text in arguments.axis]
    if len(arguments.prompt) > 1:
        typed.append(prompt_axis(arguments.prompt))
    if not typed:
        raise ValueError("A grid needs an axis, such as --axis guidance=2:21:3, or several prompts.")
    if len(typed) > 2:
        raise ValueError("A grid has at most two axes; several prompts count as one.")
    return (typed[1] if len(typed) == 2 else None), typed[0]


def _title(base: ImageRequest, first: ImageResult, axes: Sequence[Axis | None]) -> str:
    """What all cells share."""
    shared = {
        "prompt": f"'{base.prompt}'",
        "negative_prompt": f"without '{base.negative_prompt}'" if base.negative_prompt else "",
        "seed": f"seed {base.seed}",
        "num_inference_steps": f"{base.num_inference_steps} steps",
        "guidance_scale": f"guidance {base.guidance_scale:g}",
        "scheduler": SCHEDULERS[base.scheduler].label,
    }
    for axis in axes:
        if axis:
            shared.pop(axis.kind.field)
    return f"{first.model_name}: " + ", ".join(text for text in shared.values() if text)


def _write(
    folder: Path, cells: Sequence[Cell], row_labels: Sequence[str], column_labels: Sequence[str], title: str
) -> None:
    results = [cell.result for cell in cells]
    captions = [cell_caption(result) for result in results]
    sheet = io.BytesIO()
    grid_png(results, row_labels, column_labels, title=title, captions=captions).save(sheet, "PNG")
    page = index_html(cells, row_labels, column_labels, title=title, links=("grid.png", "cells.csv"))
    with folder_at_once(folder, replaces=CELLS) as temporary:  # an older grid's cells would be mixed up with ours
        for cell in cells:
            (temporary / cell.file).write_bytes(png_bytes(cell.result))
        (temporary / "grid.png").write_bytes(sheet.getvalue())
        (temporary / "cells.csv").write_text(cells_csv(cells), encoding="utf-8", newline="")
        (temporary / "index.html").write_text(page, encoding="utf-8")
