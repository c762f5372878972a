"""Which of several changes moved the image most and which least, in words."""

from __future__ import annotations

import pandas as pd

from dashboard.intervals import paired_difference, tells_apart
from dashboard.ui.gallery import plain


def ranked(table: pd.DataFrame, change: str) -> str:
    """`table`: the column `change` (a name), and distance; a row a change and seed, the seeds in one order."""
    of = {str(name): group["distance"].tolist() for name, group in table.groupby(change, sort=False)}
    means = {name: sum(distances) / len(distances) for name, distances in of.items()}
    order = sorted(means, key=lambda name: -means[name])
    most, least = order[0], order[-1]
    text = f"*{plain(most)}* moved the image most (**{means[most]:.2f}**)"
    if len(order) == 1:
        return f"{text}."
    text += f", *{plain(least)}* least (**{means[least]:.2f}**)."
    second = order[1]
    if tells_apart(paired_difference(of[most], of[second])):
        return f"{text} The lead of the first over *{plain(second)}* is beyond chance at 95%."
    return f"{text} Whether the first or *{plain(second)}* moves it more, these seeds cannot tell."
