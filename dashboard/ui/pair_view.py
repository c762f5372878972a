"""Two images of a grid against each other: side by side, behind a slider, laid over, as a map; and what was asked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from PIL import Image

from dashboard.engine import ImageRequest, ImageResult, compare, difference_map
from dashboard.ui import link
from dashboard.ui.changes import MAX_GAIN
from dashboard.ui.distances import Array
from dashboard.ui.figures import data_uri, figure
from dashboard.ui.gallery import plain, single
from dashboard.ui.withheld import measurable

VIEWS = {"side": "Side by side", "slider": "Slider", "overlay": "Overlay", "map": "Difference map"}
WIDTH = 384  # pixels, of the one picture of a view


def wiped(a: Array, b: Array, share: float) -> Image.Image:
    """The left `share` (0 .. 1) of `a` beside the rest of `b`; both (H, W, 3) uint8."""
    edge = round(a.shape[1] * share)
    return Image.fromarray(np.concatenate([a[:, :edge], b[:, edge:]], axis=1))


def blended(a: Array, b: Array, share: float) -> Image.Image:
    """`a` with `share` (0 .. 1) of `b` laid over it; both (H, W, 3) uint8."""
    mixed = (1 - share) * a.astype(np.float64) + share * b.astype(np.float64)
    return Image.fromarray(mixed.round().astype(np.uint8))


def asked_differently(a: ImageRequest, b: ImageRequest) -> list[tuple[str, object, object]]:
    """(field, value of a, value of b) for every field in which two requests differ."""
    first, second = a.as_dict(), b.as_dict()
    return [(name.replace("_", " "), first[name], second[name]) for name in first if first[name] != second[name]]


@st.fragment
def pair_view(experiment: str, key: str, results: Sequence[ImageResult], titles: Sequence[str]) -> None:
    """Choose two cells and a view. Redraws alone; the choice is kept in the address under the experiment's name."""
    defaults = {"a": "1", "b": "2", "view": "side", "share": "50"}
    first = {name: _written(experiment, name, value, len(results)) for name, value in defaults.items()}
    cells = list(range(1, len(results) + 1))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        a, b = (
            st.selectbox(
                f"Image {name.upper()}",
                cells,
                min(int(first[name]), len(cells)) - 1,
                lambda cell: titles[cell - 1],
                key=f"{key}.{name}.{len(cells)}",
            )
            for name in ("a", "b")
        )
        view = st.segmented_control(
            "View", list(VIEWS), format_func=VIEWS.__getitem__, default=first["view"], required=True, key=f"{key}.view"
        )
    share = int(first["share"])
    if view in ("slider", "overlay"):
        told = "Where A ends and B begins" if view == "slider" else "How much of B lies over A"
        share = st.slider(told, 0, 100, share, format="%d%%", key=f"{key}.share")
    link.write(experiment, {"a": str(a), "b": str(b), "view": str(view), "share": str(share)}, defaults)
    pair = results[a - 1], results[b - 1]
    if not measurable(pair):
        return
    _picture(key, str(view), pair, (titles[a - 1], titles[b - 1]), share / 100)
    _differences(*pair)


def _written(experiment: str, name: str, default: str, cells: int) -> str:
    """What the address says, where it makes sense."""
    text = link.read(experiment, name) or default
    most = cells if name in ("a", "b") else 100
    sound = text in VIEWS if name == "view" else text.isascii() and text.isdigit() and len(text) < 4
    return text if sound and (name == "view" or int(name in ("a", "b")) <= int(text) <= most) else default


def _picture(key: str, view: str, pair: tuple[ImageResult, ImageResult], titles: tuple[str, str], share: float) -> None:
    a, b = (result.array() for result in pair)
    if view == "side":
        with st.container(horizontal=True):
            for name, result, title in zip("AB", pair, titles, strict=True):
                single(f"{key}.{name}", result, f"{name}: {title}", width=WIDTH // 4 * 3)
        return
    if view == "map":
        gain = max(1, min(MAX_GAIN, 255 // max(1, compare(a, b).max_difference)))
        shown, detail = difference_map(a, b, gain=gain), f"black is equal; brightened {gain} times"
    elif view == "slider":
        shown, detail = wiped(a, b, share), f"the left {share:.0%} is A, the rest is B"
    else:
        shown, detail = blended(a, b, share), f"{share:.0%} of B over A"
    alt = f"{VIEWS[view]} of A, {titles[0]}, and B, {titles[1]}: {detail}"
    st.html(figure(data_uri(shown), title=f"A: {titles[0]} · B: {titles[1]}", detail=detail, alt=alt), width=WIDTH)


def _differences(a: ImageResult, b: ImageResult) -> None:
    asked, found = asked_differently(a.request, b.request), compare(a.array(), b.array())
    measured = f"Largest difference {found.max_difference} of 255; {found.changed_share:.0%} of the pixels changed."
    if not asked:
        st.markdown(f"A and B are **the same request**. {measured}")
        return
    if len(asked) == 1:
        st.markdown(f"Only **{asked[0][0]}** differs, so it alone explains what you see. {measured}")
    else:
        names = ", ".join(name for name, _, _ in asked)
        st.markdown(
            f"**{len(asked)} things** differ: {names}. This pair cannot say which of them did what: choose two cells "
            f"of one row or of one column. {measured}"
        )
    st.table({"": ["A", "B"], **{name: [plain(str(x)), plain(str(y))] for name, x, y in asked}})
