"""Laboratory: a prompt becomes ids, ids become vectors, and vectors of like words are alike."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import pandas as pd
import streamlit as st
from torch import Tensor

from dashboard import charts
from dashboard.course import Lesson
from dashboard.engine import LoadedModel, PromptReading, probes, read_prompt
from dashboard.ui.experiment import experiment_form
from dashboard.ui.gallery import plain
from dashboard.ui.lesson import showed
from dashboard.ui.looks import look
from dashboard.ui.parsing import parse_words
from dashboard.ui.records import record

KINDS = {"start": "start marker", "word": "word", "end": "end marker", "padding": "padding"}


def embeddings_lab(lesson: Lesson) -> None:
    """Form, the prompt's places with their ids, the words' likeness, what the run showed."""
    trial = experiment_form(lesson, "words", button="Look it up")
    if trial is None:
        return
    prompt, words = str(trial.values["prompt"]), parse_words(str(trial.values["words"]))
    found = look((prompt, words), _read, prompt, words)
    if found is None:
        return
    record(lesson.id).ran.add("words")
    reading, states, vectors = found
    _tokens(reading, states)
    _likeness(words, vectors)


def _read(model: LoadedModel, prompt: str, words: Sequence[str]) -> tuple[PromptReading, Tensor, Tensor]:
    return read_prompt(model, prompt), probes.text_states(model, prompt), probes.word_vectors(model, words)


def _tokens(reading: PromptReading, states: Tensor) -> None:
    kinds = [token.kind for token in reading.tokens]
    words, padding = kinds.count("word"), kinds.count("padding")
    st.markdown(
        f"**{len(reading.tokens)} places are always read.** Here: {words} tokens of words, 2 markers, "
        f"{padding} of padding."
    )
    rows = [
        {"place": t.position, "token": t.text, "id": t.id, "kind": KINDS[t.kind]}
        for t in reading.tokens
        if t.kind != "padding" or t.position == reading.tokens[-1].position - padding + 1
    ]
    st.dataframe(
        rows, hide_index=True, width="content", height="content", alt="The tokens of the prompt with their ids"
    )
    if padding > 1:
        st.caption(f"The padding stands {padding} times; one row of it is shown.")
    if reading.dropped:
        st.warning(
            f"{len(reading.dropped)} tokens did not fit and are never read, from “{plain(reading.dropped[0])}” on.",
            icon=":material/content_cut:",
        )
    st.caption(_same_word_twice(reading, states))


def _same_word_twice(reading: PromptReading, states: Tensor) -> str:
    """What the sentence does to a word that stands in it twice."""
    size = f"The text encoder turns these {states.shape[0]} places into {states.shape[0]} x {states.shape[1]} numbers."
    for one, other in combinations(reading.words, 2):
        if one.text == other.text:
            places = [one.positions[-1], other.positions[-1]]
            cosine = float(probes.cosines(states[places])[0, 1])
            return (
                f"{size} “{plain(one.text)}” stands at the places {places[0]} and {places[1]} with one id; what "
                f"is read there has a cosine of {cosine:.2f}, because each place has read the words before it."
            )
    return size


def likeness_table(words: Sequence[str], vectors: Tensor) -> pd.DataFrame:
    """first, second, cosine: every word with every word."""
    cosines = probes.cosines(vectors).tolist()
    rows = [(a, b, cosines[i][j]) for i, a in enumerate(words) for j, b in enumerate(words)]
    return pd.DataFrame(rows, columns=["first", "second", "cosine"])


def _likeness(words: Sequence[str], vectors: Tensor) -> None:
    table = likeness_table(words, vectors)
    pairs = sorted(
        (
            (float(table["cosine"][i * len(words) + j]), words[i], words[j])
            for i, j in combinations(range(len(words)), 2)
        ),
        reverse=True,
    )
    (top, first, second), middle = pairs[0], pairs[len(pairs) // 2][0]
    st.markdown("**How alike are the words' vectors?** 1 is the same direction, 0 unrelated.")
    alt = f"Cosines of {len(words)} words; the most alike are {first} and {second} with {top:.2f}"
    st.vega_lite_chart(charts.similarities(table, words).to_dict(), alt=alt)
    with st.expander("The numbers behind the chart", icon=":material/table:"):
        named = pd.DataFrame([(a, b, round(c, 3)) for c, a, b in pairs], columns=["word", "other word", "cosine"])
        st.dataframe(named, hide_index=True, alt="Cosine of every pair of words, the most alike first")
    showed(
        f"The most alike are “{plain(first)}” and “{plain(second)}” with {top:.2f}; the middle of all {len(pairs)} "
        f"pairs is {middle:.2f}. The vectors have {vectors.shape[1]} numbers each."
    )
