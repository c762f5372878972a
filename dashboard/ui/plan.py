"""The course's plan, week by week, with what the learner has done of each lesson and of all."""

from __future__ import annotations

import streamlit as st

from dashboard.course import Entry
from dashboard.ui.lesson import TEXT_WIDTH, course
from dashboard.ui.records import progress


def draw_plan() -> None:
    """All progress in one bar, then a line a lesson: a link where it is written."""
    with st.container(width=TEXT_WIDTH):
        _overall()
        for week in course().weeks:
            st.subheader(week.title, anchor=False)
            for entry in course().in_week(week):
                with st.container(key=f"plan-{entry.id}", gap="xxsmall"):
                    _line(entry)


def _overall() -> None:
    counts = [progress(lesson) for lesson in course().lessons.values()]
    done, total = (sum(column) for column in zip(*counts, strict=True))
    st.progress(
        done / total if total else 0.0, text=f"You have done {done} of {total}: guesses, experiments and answers."
    )


def _line(entry: Entry) -> None:
    name = f"{entry.step}: {entry.title}" if entry.step else entry.title
    if not entry.available:
        st.caption(f"{name} · planned")
        return
    lesson = course().lessons[entry.id]
    done, total = progress(lesson)
    st.page_link(f"pages/{entry.id}.py", label=name, icon=f":material/{entry.icon}:")
    st.caption(f"{lesson.summary} About {lesson.minutes} minutes{f' · {done} of {total} done' if total else ''}.")
