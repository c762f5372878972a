"""Laboratories: what the training set holds of a word, and of two words at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st
from PIL import Image

from dashboard import charts
from dashboard.course import Lesson
from dashboard.pocket.explorer import Explorer, Found, load_explorer
from dashboard.pocket.world.parts import unseen_words
from dashboard.ui.experiment import experiment_form
from dashboard.ui.figures import data_uri, figure
from dashboard.ui.gallery import CELL_PIXELS, plain
from dashboard.ui.lesson import TEXT_WIDTH, showed
from dashboard.ui.once import once
from dashboard.ui.records import record

PICTURES = 12
COMPANIONS = {"subject": "place"}  # what a word's chart counts beside it; subjects beside everything else


def explorer() -> Explorer:
    """The training set, read once a server."""
    with st.spinner("Reading the training set, once after each start of the server …"):
        return load_explorer()


def word_lab(lesson: Lesson) -> None:
    """A word: how many scenes, what was in them, some of them."""
    trial = experiment_form(lesson, "word", button="Look it up")
    if trial is None:
        return
    word, data = str(trial.values["word"]), explorer()
    record(lesson.id).ran.add("word")
    found = _found(data, word)
    if found is None:
        _never(word, data)
        return
    meaning = data.meaning(word)
    assert meaning is not None
    kind = COMPANIONS.get(meaning.kind, "subject")
    counts = once(("companions", word), lambda: data.companions(found, kind).most_common())
    _scenes(f"{trial.key}.scenes", data, found)
    with st.container(width=TEXT_WIDTH):
        st.markdown(f"**The {kind}s beside it.** A bar is a number of training scenes.")
        _counts_chart(counts, kind)
    (most, often), (least, seldom) = counts[0], counts[-1]
    showed(
        f"“{plain(word)}” stands for the {meaning.kind} *{meaning.name}*: **{found.count:,} of {found.of:,}** training "
        f"scenes ({found.count / found.of:.1%}). The {kind} seen most often with it is *{most}* ({often}), the one "
        f"seen least often is *{least}* ({seldom})."
    )


def _found(data: Explorer, word: str) -> Found | None:
    return once(("training word", word), lambda: data.word(word))


def _never(word: str, data: Explorer) -> None:
    unknown = unseen_words(word)
    if unknown:
        names = ", ".join(f"“{plain(one)}”" for one in unknown)
        st.info(
            f"No caption ever said {names}: 0 of {len(data.scenes):,} scenes. In a prompt it falls into pieces that "
            "mean nothing to Pocket.",
            icon=":material/block:",
        )
    else:
        st.info(
            f"“{plain(word)}” is made of words that captions use, but it names no one thing that can be counted. "
            "Try a subject, a colour, a place, a style or a size.",
            icon=":material/info:",
        )


def _counts_chart(counts: Sequence[tuple[str, int]], kind: str) -> None:
    table = pd.DataFrame(counts, columns=["name", "scenes"])
    chart = charts.counts(table.head(12), charts.Axis(column="name", title=kind.capitalize()))
    alt = "; ".join(f"{name}: {count}" for name, count in counts[:12])
    st.vega_lite_chart(chart.to_dict(), alt=f"Training scenes by {kind}. {alt}")
    with st.expander("The numbers behind the chart", icon=":material/table:"):
        st.dataframe(table.rename(columns={"name": kind}), hide_index=True, alt=f"Training scenes by {kind}")


def pair_lab(lesson: Lesson) -> None:
    """Two words: how many scenes with both, beside what chance alone would give."""
    trial = experiment_form(lesson, "pair", button="Look them up")
    if trial is None:
        return
    data, words = explorer(), (str(trial.values["first_word"]), str(trial.values["second_word"]))
    record(lesson.id).ran.add("pair")
    alone = [_found(data, word) for word in words]
    for word, found in zip(words, alone, strict=True):
        if found is None:
            _never(word, data)
    first, second = alone
    both = once(("training pair", *words), lambda: data.pair(*words))
    if first is None or second is None or both is None:
        return
    _scenes(f"{trial.key}.scenes", data, both)
    chance = first.count * second.count / both.of
    showed(
        f"“{plain(words[0])}” and “{plain(words[1])}” stand together in **{both.count:,} of {both.of:,}** scenes; if "
        f"they had nothing to do with each other it would be about {chance:,.0f}. {_pair_reading(data, words, both)}"
    )


def _pair_reading(data: Explorer, words: Sequence[str], both: Found) -> str:
    meanings = {meaning.kind: meaning.name for word in words if (meaning := data.meaning(word)) is not None}
    if data.held_out(*words):
        return (
            "**This combination was held out on purpose**: no training scene shows it, so whatever Pocket draws of it "
            f"it composed.{_beside(meanings, both)}"
        )
    if not both.count:
        return "Pocket never saw them together. If it draws the pair, it composed it from what it learned apart."
    if meanings.keys() == {"colour", "subject"}:
        own = data.coloured(meanings["colour"], meanings["subject"]).count
        return (
            f"In {own:,} of these the {meanings['subject']} itself was {meanings['colour']}; in the others something "
            "beside it was."
        )
    return "So it met the pair, and need not compose it."


def _beside(meanings: Mapping[str, str], both: Found) -> str:
    """Where a held-out colour stands beside its subject all the same."""
    if meanings.keys() != {"colour", "subject"} or not both.count:
        return ""
    return f" In the scenes counted, something else beside the {meanings['subject']} was {meanings['colour']}."


def _scenes(key: str, data: Explorer, found: Found) -> None:
    """The first scenes that have a picture."""
    chosen = found.shown[:PICTURES]
    if not chosen:
        st.caption("None of the scenes that have a picture here shows it.")
        return
    scene_grid(key, data, chosen, [f"scene {index}" for index in chosen])
    st.caption(f"The first {len(chosen)} of {found.count:,}, as Pocket's autoencoder decodes them.")


def scene_grid(key: str, data: Explorer, indices: Sequence[int], titles: Sequence[str]) -> None:
    """Training scenes with their captions, decoded once a server."""
    pictures: list[Image.Image] = once(("scenes", *indices), lambda: data.pictures(indices))
    with st.container(key=key.replace(".", "-")), st.grid(columns="auto", min_column_width=CELL_PIXELS) as grid:
        for index, picture, title in zip(indices, pictures, titles, strict=True):
            words = data.caption(index)
            with grid.cell():
                st.html(figure(data_uri(picture), title=title, detail=words, alt=f"Training scene {index}: {words}"))
