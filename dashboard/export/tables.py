"""Many images at once: as a table and as an archive."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dashboard.engine import ImageResult
from dashboard.export.names import file_name
from dashboard.export.receipts import png_bytes

# A spreadsheet runs a cell that begins with one of these as a formula (OWASP, "CSV injection"); the wide forms too.
_FORMULA_STARTS = tuple("=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20")
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can say: equal images give an equal archive
COLUMNS = (
    "file",
    "sha256",
    "model",
    "prompt",
    "negative_prompt",
    "seed",
    "num_inference_steps",
    "guidance_scale",
    "scheduler",
    "width",
    "height",
    "dtype",
    "device",
    "noise_sha256",
    "weights_sha256",
    "evaluations",
    "steps_run",
    "seconds",
    "filtered",
)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One image of a grid and the file it was written to."""

    file: str  # relative to the table
    result: ImageResult


def cells_csv(cells: Iterable[Cell]) -> str:
    """A row a cell: its file, hash, every parameter and its seconds. Text that a spreadsheet would run is escaped."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)  # ends lines with CR LF, so that a lone CR in a prompt is quoted
    writer.writerow(COLUMNS)
    for cell in cells:
        writer.writerow([_escaped(_value(cell, column)) for column in COLUMNS])
    return buffer.getvalue()


def zip_bytes(results: Sequence[ImageResult]) -> bytes:
    """Every image as PNG with its receipt, and `cells.csv`. Equal results give equal bytes, seconds apart."""
    cells = [Cell(file=f"{i:03}-{file_name(result)}", result=result) for i, result in enumerate(results, start=1)]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for cell in cells:
            archive.writestr(zipfile.ZipInfo(cell.file, _ZIP_TIME), png_bytes(cell.result))
        archive.writestr(zipfile.ZipInfo("cells.csv", _ZIP_TIME), cells_csv(cells))
    return buffer.getvalue()


def _value(cell: Cell, column: str) -> object:
    match column:
        case "file":
            return cell.file
        case "seconds":
            return f"{cell.result.seconds:.4f}"
        case _:
            owner = cell.result if hasattr(cell.result, column) else cell.result.request
            return getattr(owner, column)


def _escaped(value: object) -> object:
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA_STARTS):
        return "'" + value
    return value
