"""A Jupyter notebook that draws a grid's images again with nothing but torch and diffusers."""

from __future__ import annotations

import json
from collections.abc import Sequence

from dashboard.engine import ImageRequest
from dashboard.export.code import Origin, grid_code
from dashboard.export.names import alt_text

_SHOW = """\
for title, image in zip(titles, images):
    print(title)
    display(image.resize((image.width * 2, image.height * 2)) if image.width < 256 else image)
"""


def notebook_json(
    requests: Sequence[ImageRequest], titles: Sequence[str], *, heading: str, origin: Origin | str | None = None
) -> str:
    """The notebook's text, format 4.5. A title for each image, in order."""
    setup, drawing = grid_code(requests, origin)
    said = "\n".join(f"- {' '.join(alt_text(request).split())}" for request in requests)
    cells = [
        _markdown(f"# {' '.join(heading.split())}\n\nThe same images as the dashboard's, up to rounding:\n\n{said}"),
        _code(setup),
        _code(drawing),
        _code(f"titles = {list(titles)!r}\n{_SHOW}"),
    ]
    cells = [{"id": f"cell-{number}", **cell} for number, cell in enumerate(cells)]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return json.dumps(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}, indent=1
    )


def _markdown(text: str) -> dict[str, object]:
    escaped = text.replace("<", "&lt;")  # a prompt is text, also in a notebook
    return {"cell_type": "markdown", "metadata": {}, "source": escaped}


def _code(text: str) -> dict[str, object]:
    return {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": text}
