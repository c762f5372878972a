"""The parts that every lesson page is made of, in their fixed order. All words come from `lessons/`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from html import escape

import streamlit as st

from dashboard.course import TERM_LINK, Course, Lesson, Question, Term, load_course
from dashboard.ui import engine_room, link
from dashboard.ui.in_flight import leave_page
from dashboard.ui.records import record

TEXT_WIDTH = 680  # pixels: about 70 characters a line


@cache
def course() -> Course:
    """The course, read and validated once a server."""
    return load_course()


def open_lesson(lesson_id: str) -> Lesson:
    """Title, minutes and objectives."""
    lesson = course().lessons[lesson_id]
    leave_page(lesson_id)
    st.title(lesson.title, anchor=False)
    with st.container(width=TEXT_WIDTH):
        st.caption(f":material/schedule: about {lesson.minutes} minutes · {lesson.summary}")
        st.markdown("**When you are done, you can**\n" + "\n".join(f"- {goal}" for goal in lesson.objectives))
    return lesson


def text(lesson: Lesson, section_id: str, *, kicker: str = "") -> None:
    """A section's heading and text; its mathematics folded below. `kicker`: a small line above the heading."""
    section, maths = lesson.section(section_id), lesson.maths(section_id)
    with st.container(width=TEXT_WIDTH, gap="xsmall"):
        if kicker:
            st.html(f'<p class="dd-kicker">{kicker}</p>')
        st.header(section.title, anchor=section_id, divider=False)
        st.markdown(with_terms(section.body), unsafe_allow_html=True)  # the course's own text, never a learner's
        if maths is not None:
            with st.expander(maths.title, icon=":material/function:"):
                st.markdown(with_terms(maths.body), unsafe_allow_html=True)


def with_terms(markdown: str) -> str:
    """The text with each `[words](term:Term)` turned into words that explain themselves, under the pointer or focus."""
    return TERM_LINK.sub(lambda found: _term(found["words"], course().term(found["term"])), markdown)


def _term(words: str, term: Term) -> str:
    told = escape(f"{term.term}: {term.definition}", quote=True)
    shown = escape(words)
    return f'<span class="dd-term" tabindex="0" data-told="{told}" aria-label="{shown}. {told}">{shown}</span>'


def heading(title: str, anchor: str) -> None:
    """A heading whose words are the page's own."""
    st.header(title, anchor=anchor)


def lesson_link(lesson_id: str) -> None:
    """A way to another lesson, under its title."""
    st.page_link(f"pages/{lesson_id}.py", label=course().lessons[lesson_id].title, icon=":material/arrow_forward:")


def wait_for_engine() -> bool:
    """Say so while the model is loading. False, with the reason on the page, when it could not be loaded."""
    room = engine_room.loading()
    if not room.done:
        with st.spinner(
            f"Loading the model, once after each start of the server ({room.seconds:.0f} s so far) …", show_time=True
        ):
            room.future.exception()
        st.rerun()  # the sidebar was drawn before the models were known, and with it the choice of one
    if (error := room.future.exception()) is not None:
        st.error(f"The model could not be loaded, so nothing can be drawn: {error}", icon=":material/error:")
    return error is None


def showed(sentences: str, *, opening: str = "What this run showed.") -> None:
    """What the run showed, in words made from its numbers."""
    with st.container(width=TEXT_WIDTH):
        st.markdown(f":material/insights: **{opening}** {sentences}")


@st.fragment
def quiz(lesson: Lesson) -> None:
    """Each question with its check; the chosen answer is explained, right or wrong. Redraws alone."""
    heading("Check yourself", "quiz")
    answers = record(lesson.id).answers
    with st.container(width=TEXT_WIDTH):
        for index, question in enumerate(lesson.quiz):
            _question(f"{lesson.id}.quiz.{index}", index, question, answers)
        right = sum(answers.get(i) == q.answer - 1 for i, q in enumerate(lesson.quiz))
        st.caption(f"{right} of {len(lesson.quiz)} right so far. You may answer again at any time.")


def _question(key: str, index: int, question: Question, answers: dict[int, int]) -> None:
    options = [option.text for option in question.options]
    with st.form(key, border=True):
        choice = st.radio(
            f"**{index + 1}. {question.question}**", options, index=answers.get(index), key=f"{key}.choice"
        )
        if st.form_submit_button("Check", key=f"{key}.check") and choice is not None:
            answers[index] = options.index(choice)
        if index in answers:
            option, right = question.options[answers[index]], answers[index] == question.answer - 1
            if right:
                st.success(f"Right. {option.explanation}", icon=":material/check_circle:")
            else:
                st.error(f"Not this one. {option.explanation}", icon=":material/cancel:")


@st.fragment
def discuss(lesson: Lesson) -> None:
    """Questions for the class, and the learner's own notes. Redraws alone."""
    heading("Discuss", "discuss")
    with st.container(width=TEXT_WIDTH):
        st.markdown("\n".join(f"- {question}" for question in lesson.discussion))
        mine, key = record(lesson.id), f"{lesson.id}.notes"
        first = st.session_state.setdefault(f"{key}.first", mine.notes)
        hint = "What surprised you?"
        mine.notes = st.text_area("Your notes", first, 120, 5_000, key, placeholder=hint, persist_state="session")
        if mine.notes:
            st.download_button(
                "Save my notes", mine.notes, f"notes-{lesson.id}.txt", on_click="ignore", type="tertiary"
            )


def glossary(lesson: Lesson) -> None:
    """The lesson's terms, folded."""
    with st.container(width=TEXT_WIDTH), st.expander("Words of this lesson", icon=":material/dictionary:"):
        st.markdown("\n".join(f"- **{term.term}**: {term.definition}" for term in lesson.glossary))


@contextmanager
def ending(lesson: Lesson) -> Iterator[None]:
    """The end of every lesson: quiz, then the block's own part (its code), then discussion, words and ways on."""
    quiz(lesson)
    yield
    discuss(lesson)
    glossary(lesson)
    close_lesson(lesson)


def close_lesson(lesson: Lesson) -> None:
    """The page's link, and the ways on and back."""
    with st.container(width=TEXT_WIDTH):
        link.copy_box()
        with st.container(horizontal=True, horizontal_alignment="distribute"):
            before, following = course().before(lesson.id), course().after(lesson.id)
            if before is not None:
                st.page_link(f"pages/{before.id}.py", label=f"Back: {before.title}", icon=":material/arrow_back:")
            if following is not None:
                label = f"Next: {following.title}"
                st.page_link(f"pages/{following.id}.py", label=label, icon=":material/arrow_forward:")
