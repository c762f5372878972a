"""Laboratory: where in the picture each word of a prompt is looked up, from the U-Net's cross-attention."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st
import torch
from PIL import Image, ImageChops

from dashboard.course import Lesson
from dashboard.engine import ImageResult, probes
from dashboard.engine.probes import AttentionMaps
from dashboard.export.filtered import shown_picture
from dashboard.ui.controls import request_from
from dashboard.ui.experiment import experiment_form
from dashboard.ui.figures import data_uri, figure
from dashboard.ui.gallery import plain
from dashboard.ui.labs.attention import light
from dashboard.ui.lesson import showed
from dashboard.ui.looks import look_at
from dashboard.ui.models import current_model
from dashboard.ui.prompt_notes import prompt_notes
from dashboard.ui.records import record
from dashboard.ui.runs import show_run
from dashboard.ui.tables import table_below

AROUND = ("start", "end", "padding")  # what the model also reads, and which is no word


def word_maps_lab(lesson: Lesson) -> None:
    """Form, the picture under each word's map, the shares of all places that the model reads."""
    trial = experiment_form(lesson, "attention", button="Draw and look inside")
    if trial is None:
        return
    request = request_from(trial.values, current_model())
    prompt_notes([request.prompt])
    results = show_run(trial.key, [request], [f"seed {request.seed}"], asked_now=trial.asked_now, traced=True)
    if results is None:
        return
    (result,) = results
    assert result.trace is not None
    wishes = [(probes.attention_maps, request.prompt, step) for step in result.trace.steps]
    looks = look_at(trial.key, result.sha256, wishes, doing="Looking at each step")
    if looks is None:
        return
    record(lesson.id).ran.add("attention")
    _show(result, gather(looks))


def gather(steps: Sequence[AttentionMaps]) -> dict[str, torch.Tensor]:
    """name -> its map, (h, w), averaged over steps: each word in its order, then what is no word. They add up to 1."""
    names = [word.word for word in steps[0].words]
    labels = [
        f"{name} ({names[: place + 1].count(name)})" if names.count(name) > 1 else name
        for place, name in enumerate(names)
    ]
    maps = {label: torch.stack([s.words[i].map for s in steps]).mean(0) for i, label in enumerate(labels)}
    return maps | {f"[{name}]": torch.stack([getattr(s, name) for s in steps]).mean(0) for name in AROUND}


def lit(picture: Image.Image, words_map: torch.Tensor) -> Image.Image:
    """The picture, bright where the map (h, w) is at its largest and darkest where it is at its least."""
    mask = light(words_map).resize(picture.size, Image.Resampling.BICUBIC)
    return ImageChops.multiply(picture, mask.convert("RGB"))


def _show(result: ImageResult, maps: dict[str, torch.Tensor]) -> None:
    picture, shares = shown_picture(result), {name: float(found.mean()) for name, found in maps.items()}
    with st.grid(columns="auto", min_column_width=120) as grid:
        for name in [name for name in maps if not name.startswith("[")]:
            with grid.cell():
                detail = f"{shares[name]:.1%} of all attention"
                alt = f"Where the picture looks up “{name}”: {detail}"
                st.html(figure(data_uri(lit(picture, maps[name])), title=name, detail=detail, alt=alt))
    table = pd.DataFrame(
        [(name, share, float(maps[name].max())) for name, share in shares.items()],
        columns=["what is read", "share of attention", "largest share at a place"],
    )
    table_below(table, "Share of attention of every word and of what is no word", title="The numbers behind the maps")
    _say(shares)


def _say(shares: dict[str, float]) -> None:
    of_words = {name: share for name, share in shares.items() if not name.startswith("[")}
    around = sum(share for name, share in shares.items() if name.startswith("["))
    if not of_words:
        showed(f"There is no word to look up: all attention ({around:.0%}) goes to the markers and to padding.")
        return
    most = max(of_words, key=of_words.__getitem__)
    showed(
        f"Of the words, **{plain(most)}** is looked up most, with {of_words[most]:.1%} of all attention. "
        f"The markers and the padding together take {around:.0%}. "
        "This is one seed and one prompt; a map says where a word is looked up, not what it does there."
    )
