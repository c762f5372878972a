"""Laboratory: which word each place of the picture attends to, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st
import torch
from PIL import Image
from torch import Tensor

from dashboard import charts
from dashboard.course import Lesson
from dashboard.engine import ImageResult, probes
from dashboard.export.filtered import shown_picture
from dashboard.ui.controls import request_from
from dashboard.ui.experiment import experiment_form
from dashboard.ui.figures import data_uri
from dashboard.ui.filmstrip import SIDE, Frame, Track, filmstrip
from dashboard.ui.gallery import plain
from dashboard.ui.lesson import showed
from dashboard.ui.looks import look_at
from dashboard.ui.models import current_model
from dashboard.ui.once import once
from dashboard.ui.predict import covered, outcome, predict
from dashboard.ui.records import record
from dashboard.ui.runs import show_run

MOST_WORDS = 12  # shown as pictures; the table has them all
DARK = 0.12  # what is left of the picture where a word is looked at least
Maps = Sequence[probes.AttentionMaps]


def attention_lab(lesson: Lesson) -> None:
    """Predict, form, a film with a track a word, chart with its table, what the run showed."""
    guess = predict(lesson, "attention")
    trial = experiment_form(lesson, "attention", button="Draw and look")
    if trial is None:
        return
    request = request_from(trial.values, current_model())
    results = show_run(
        trial.key, [request], [f"seed {request.seed}"], asked_now=trial.asked_now, hidden=guess is None, traced=True
    )
    if results is None or (trace := results[0].trace) is None:
        return
    if guess is None:
        covered("Your maps are ready")
        return
    if not request.prompt:
        st.info("An empty prompt has no words to look at. Write some.", icon=":material/info:")
        return
    wishes = [(probes.attention_maps, request.prompt, step) for step in trace.steps]
    maps = look_at(trial.key, (request, results[0].sha256), wishes, doing="Looking at the attention")
    if maps is None:
        return
    record(lesson.id).ran.add("attention")
    frames, tracks = once(("attention", request, results[0].sha256), lambda: attention_film(maps, results[0]))
    st.markdown("**Bright: where this word is looked at most.** The darkest place is the one that looks at it least.")
    filmstrip(trial.key, "Step", frames, tracks, first=len(frames) - 1)
    if len(maps[0].words) > MOST_WORDS:
        st.caption(f"The first {MOST_WORDS} words are shown; the table has them all.")
    table = share_table(maps)
    _chart(table, maps)
    words = float(table[table["kind"] == "words"]["mean"].mean())
    _summary(maps, words)
    outcome(lesson.predictions["attention"], guess, words)


def attention_film(maps: Maps, result: ImageResult) -> tuple[list[Frame], list[Track]]:
    """A frame a step and one for all steps together; a track a word."""
    frames = [
        Frame(caption=f"Step {m.step + 1} of {len(maps)} · timestep {m.timestep}", short=str(m.step + 1)) for m in maps
    ]
    frames.append(Frame(caption="All steps together", short="all"))
    base = data_uri(shown_picture(result), 2 * SIDE)
    tracks = []
    for place, word in enumerate(maps[0].words[:MOST_WORDS]):
        each = [m.words[place].map for m in maps]
        each.append(sum(each[1:], each[0]) / len(each))
        tracks.append(
            Track(
                title=word.word,
                pictures=[data_uri(light(one), SIDE) for one in each],
                details=[f"{float(one.mean()):.1%} of the attention" for one in each],
                base=base,
            )
        )
    return frames, tracks


def light(attention: Tensor) -> Image.Image:
    """One pixel a place, grey: white where the word is looked at most, DARK where it is looked at least."""
    low, high = float(attention.min()), float(attention.max())
    share = (attention - low) / max(high - low, 1e-9)
    grey = ((DARK + (1 - DARK) * share) * 255).round().to(torch.uint8)
    return Image.fromarray(np.ascontiguousarray(grey.numpy()))


def share_table(maps: Maps) -> pd.DataFrame:
    """step, kind, mean: the share of all attention that goes to words, markers and padding; low and high are empty."""
    rows = []
    for m in maps:
        words = torch.stack([word.map for word in m.words]).sum(0)
        shares = {"words": words, "start": m.start, "end": m.end, "padding": m.padding}
        rows += [(m.step + 1, kind, float(share.mean())) for kind, share in shares.items()]
    return pd.DataFrame(rows, columns=["step", "kind", "mean"]).assign(low=np.nan, high=np.nan)


def _chart(table: pd.DataFrame, maps: Maps) -> None:
    st.markdown("**Where does the attention go?** Its shares at each step add up to 1.")
    chart = charts.curve(
        table,
        charts.Axis(column="step", title="Step"),
        charts.Axis(column="share", title="Share of the attention"),
        series="kind",
    )
    means = table.groupby("kind")["mean"].mean()
    alt = "Share of the attention by step; on average " + ", ".join(
        f"{kind} {share:.2f}" for kind, share in means.items()
    )
    st.vega_lite_chart(chart.to_dict(), alt=alt)
    with st.expander("The numbers behind the chart", icon=":material/table:"):
        wide = table.pivot(index="step", columns="kind", values="mean").reset_index()
        st.dataframe(wide.round(3), hide_index=True, alt="Shares of the attention at every step")
        words = pd.DataFrame(word_shares(maps)).round(3)
        st.dataframe(words, hide_index=True, alt="Every word's attention over all steps")


@dataclass(frozen=True)
class WordShare:
    """One word's attention over all steps."""

    word: str
    share: float  # of all attention
    strongest: float  # the most that any place gives it
    places: float  # the smallest share of the places that holds half of it: 0.5 where it is even


def word_shares(maps: Maps) -> list[WordShare]:
    """Every word of the prompt, in its order."""
    shares = []
    for place, word in enumerate(maps[0].words):
        over_steps = np.mean([m.words[place].map.numpy() for m in maps], axis=0)
        shares.append(
            WordShare(word.word, float(over_steps.mean()), float(over_steps.max()), places_for_half(over_steps))
        )
    return shares


def places_for_half(attention: npt.NDArray[np.floating]) -> float:
    """The smallest share of the places that holds half of the attention."""
    ordered = np.sort(attention.ravel())[::-1]
    needed = int(np.searchsorted(np.cumsum(ordered), ordered.sum() / 2)) + 1
    return needed / len(ordered)


def _summary(maps: Maps, words: float) -> None:
    by_width = sorted(word_shares(maps), key=lambda share: share.places)
    narrow, wide = by_width[0], by_width[-1]
    showed(
        f"Averaged over {len(maps)} steps and {maps[0].layers} layers, the words get {words:.0%} of the attention; "
        f"markers and padding get the rest. “{plain(narrow.word)}” is looked at most narrowly: half of its attention "
        f"comes from {narrow.places:.0%} of the places. For “{plain(wide.word)}” it takes {wide.places:.0%}."
    )
