"""The sidebar: the course with the learner's progress, the model in use, and what the engine is doing."""

from __future__ import annotations

from html import escape
from itertools import groupby

import streamlit as st

from dashboard.course import Entry
from dashboard.ui import engine_room
from dashboard.ui.lesson import course
from dashboard.ui.models import choose_model
from dashboard.ui.records import progress


def draw_course() -> None:
    """The course and the model, before the page."""
    with st.sidebar:
        st.html('<p class="dd-brand">Diffusion <b>Dashboard</b></p>')
        for part, entries in groupby(course().entries, key=lambda entry: entry.part):
            _part(part, list(entries))
        st.html('<p class="dd-part">Model in use</p>')
        choose_model()


def draw_engine() -> None:
    """What the engine is doing, after the page, which may have started a run.

    No timer of its own: every page would poll the server for it, and the panel of a run says how far that run is.
    """
    with st.sidebar:
        st.html(f'<p class="dd-part">Engine</p><p class="dd-engine">{escape(_engine_words())}</p>')


def _part(title: str, entries: list[Entry]) -> None:
    st.html(f'<p class="dd-part">{escape(title)}</p>')
    with st.container(gap="xsmall"):  # a link is taller than its line: with less they would lie over one another
        for available, group in groupby(entries, key=lambda entry: entry.available):
            if available:
                for entry in group:
                    st.page_link(f"pages/{entry.id}.py", label=_label(entry), icon=f":material/{entry.icon}:")
            else:
                items = "".join(f"<li>{escape(entry.title)} <span>planned</span></li>" for entry in group)
                st.html(f'<ul class="dd-planned">{items}</ul>')


def _label(entry: Entry) -> str:
    done, total = progress(course().lessons[entry.id])
    if not total:
        return entry.title
    return f"{entry.title} · {'done' if done == total else f'{done} of {total}'}"


def _engine_words() -> str:
    room = engine_room.loading()
    if not room.done:
        return "Loading the model …"
    if room.future.exception() is not None:
        return "Not running."
    status = room.future.result().status()
    if status.downloads:
        return f"Downloading {'; '.join(status.downloads)}."
    if status.state == "idle":
        return "Idle: your run would start at once."
    eta = f", about {status.eta_seconds:.0f} s of work" if status.eta_seconds else ""
    return f"{status.state.capitalize()}: {status.in_flight} drawing, {status.waiting} waiting{eta}."
