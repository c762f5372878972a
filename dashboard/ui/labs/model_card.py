"""Laboratory: what a model card tells. The cards of the models on this server, question by question."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import streamlit as st

from dashboard.cards import CardAnswer, check_card, find_card, read_card
from dashboard.ui import engine_room
from dashboard.ui.lesson import TEXT_WIDTH, showed


def model_card_lab() -> None:
    """Choose a model; which questions does its card answer, in which lines?"""
    infos = {info.id: info for info in engine_room.engine().models.infos() if Path(info.source).is_dir()}
    if not infos:
        st.info("No model of this server lies in a folder here, so there is no card to read.")
        return
    name = {info.id: info.name for info in infos.values()}.__getitem__
    chosen = st.selectbox("Model", list(infos), format_func=name, key="card", bind="query-params")
    path = find_card(Path(infos[chosen].source))
    if path is None:
        st.warning(
            f"{infos[chosen].name} came without a card: none of the questions below is answered.",
            icon=":material/help:",
        )
        return
    try:
        text = read_card(path)
    except ValueError as error:
        st.error(str(error), icon=":material/error:")
        return
    answers = check_card(text)
    _table(answers)
    with st.expander(f"The whole card ({path.name})", icon=":material/description:"), st.container(width=TEXT_WIDTH):
        st.code(text, language="markdown", wrap_lines=True, height=420)
    missing = [answer.question.question for answer in answers if not answer.answered]
    gaps = f" Nothing was found for: {' '.join(missing)}" if missing else ""
    found = f"Words that answer {len(answers) - len(missing)} of {len(answers)} questions were found in this card."
    showed(f"{found}{gaps}", opening="What the table says.")


def _table(answers: tuple[CardAnswer, ...]) -> None:
    rows = [
        {
            "question": answer.question.question,
            "found": "✓ yes" if answer.answered else "– no",
            "line": ", ".join(str(line.number) for line in answer.lines),
            "the card's words": _first_words(answer),
        }
        for answer in answers
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        row_height=72,
        height="content",
        column_config={
            "question": st.column_config.TextColumn(width=230),
            "found": st.column_config.TextColumn(width=70),
            "line": st.column_config.TextColumn(width=90),
            "the card's words": st.column_config.TextColumn("its first words about it", width="large"),
        },
        alt="Which questions the model card answers, and in which lines",
    )


def _first_words(answer: CardAnswer) -> str:
    """The first line that was found: a sentence before a heading, and without its Markdown."""
    texts = [line.text for line in answer.lines]
    first = next((text for text in texts if not text.startswith("#")), texts[0] if texts else "")
    return re.sub(r"^#+ |\*\*|\]\([^)]*\)|\[", "", first)
