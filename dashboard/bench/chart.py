"""The benchmark as a picture: a bar a sweep, drawn as SVG text without any library."""

from __future__ import annotations

from html import escape
from typing import Any

LEFT, RIGHT, BAR, GAP = 300, 460, 20, 12  # pixels
ACCENT, QUIET, INK = "#0f8a7e", "#8a8f98", "#24302d"


def chart_svg(report: dict[str, Any]) -> bytes:
    """How many times faster than the loop each sweep was; the line stands at 1, where both are equal."""
    sweeps = [result for result in report["results"] if "naive_runs_s" in result]  # the memo saves in another way
    longest = max([result["ratio"] for result in sweeps] + [1.0])
    machine = report["machine"]
    height = 64 + len(sweeps) * (BAR + GAP)
    one = LEFT + RIGHT / longest
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + RIGHT + 90}" height="{height}" role="img" '
        'font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="white"/>',
        _text(12, 20, f"Times faster than one image at a time: {report['model']}", INK, weight="bold"),
        _text(12, 40, f"{machine['device']}, {machine['processor']}, torch {machine['torch']}", QUIET),
    ]
    for place, result in enumerate(sweeps):
        top = 52 + place * (BAR + GAP)
        width = RIGHT * result["ratio"] / longest
        name = f"{result['name']}{' (fast)' if result.get('speed') else ''}"
        lines.append(_text(LEFT - 10, top + 15, name, INK, anchor="end"))
        lines.append(f'<rect x="{LEFT}" y="{top}" width="{width:.1f}" height="{BAR}" fill="{ACCENT}"/>')
        told = f"{result['ratio']:.2f}x, {result['ours_s']:.1f} s"
        lines.append(_text(LEFT + width + 6, top + 15, told, INK))
    lines.append(f'<path d="M{one:.1f} 46V{height - 8}" stroke="{INK}" stroke-dasharray="4 3"/></svg>')
    return "\n".join(lines).encode()


def _text(x: float, y: float, words: str, color: str, *, anchor: str = "start", weight: str = "normal") -> str:
    place = f'x="{x:.1f}" y="{y}" text-anchor="{anchor}"'
    return f'<text {place} fill="{color}" font-weight="{weight}">{escape(words)}</text>'
