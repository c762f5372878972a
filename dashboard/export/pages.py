"""A grid as one web page beside its files: no script, no address outside the folder."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from dashboard.export.names import alt_text, cell_caption, credit
from dashboard.export.tables import Cell

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 90rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; }
th { font-weight: 600; max-width: 16rem; overflow-wrap: anywhere; padding: .4rem; text-align: left; }
thead th { vertical-align: bottom; }
tbody th { vertical-align: top; }
td { padding: .4rem; vertical-align: top; }
img { display: block; min-width: 12rem; }
figure { margin: 0; }
figcaption, footer { font-size: .85rem; opacity: .8; }
code { overflow-wrap: anywhere; }
"""


def index_html(
    cells: Sequence[Cell],
    row_labels: Sequence[str],
    column_labels: Sequence[str],
    *,
    title: str,
    links: Sequence[str] = (),
) -> str:
    """The page of a grid whose cells come row by row; `row_labels` may be empty. `links`: files beside the page."""
    across = len(column_labels)
    if not cells or len(cells) != max(1, len(row_labels)) * across:
        raise ValueError(f"{len(cells)} cells do not fill {len(row_labels)} rows of {across}.")
    head = "".join(f'<th scope="col">{escape(label)}</th>' for label in column_labels)
    corner = "<td></td>" if row_labels else ""
    body = "".join(
        _row(cells[start : start + across], row_labels[start // across] if row_labels else None)
        for start in range(0, len(cells), across)
    )
    files = " · ".join(f'<a href="{_address(link)}">{escape(link)}</a>' for link in links)
    first = cells[0].result
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{escape(title)}</h1>
<p>{files}</p>
<div class="scroll"><table>
<thead><tr>{corner}{head}</tr></thead>
<tbody>{body}</tbody>
</table></div>
<footer>{escape(credit(first.model_id, first.model_name))}</footer>
</body>
</html>
"""


def _row(cells: Sequence[Cell], label: str | None) -> str:
    head = "" if label is None else f'<th scope="row">{escape(label)}</th>'
    return f"<tr>{head}{''.join(map(_figure, cells))}</tr>\n"


def _figure(cell: Cell) -> str:
    result = cell.result
    address, alt = _address(cell.file), escape(alt_text(result.request, result.model_name))
    return (
        f'<td><figure><a href="{address}"><img src="{address}" alt="{alt}"></a>'
        f"<figcaption>{cell_caption(result)} · <code>{result.sha256[:12]}</code></figcaption></figure></td>"
    )


def _address(file: str) -> str:
    """A relative address: "./" keeps a name with a colon from being read as a scheme."""
    return escape("./" + quote(file))
