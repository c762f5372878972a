"""An experiment's controls in one form, and the values that it last ran with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboard.course import Lesson
from dashboard.ui import link
from dashboard.ui.controls import CONTROLS, Control, Value
from dashboard.ui.in_flight import in_flight
from dashboard.ui.models import current_info
from dashboard.ui.own_values import experiment_values, note_on

COLUMNS = 5  # small controls a row, where there is room
CONTROL_PIXELS = 160  # the least width of a small one: a seed of sixteen digits can be read


Check = Callable[[Mapping[str, Any]], object]  # ValueError, one sentence, for values that do not go together


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One experiment as it was last run: what to compute, and whether the learner asked for it just now."""

    key: str  # "seeds.grid": lesson and experiment
    values: Mapping[str, Any]  # by control name
    asked_now: bool

    @property
    def experiment(self) -> str:
        return self.key.partition(".")[2]


def key_of(lesson: Lesson, experiment_id: str) -> str:
    """The experiment's name in session state."""
    return f"{lesson.id}.{experiment_id}"


def experiment_form(
    lesson: Lesson,
    experiment_id: str,
    *,
    button: str = "Run",
    extra: Callable[[], Mapping[str, Value]] = dict,
    check: Check | None = None,
) -> Trial | None:
    """Draw the form with the experiment's controls; the trial to show, or None when it has never been run.

    The values come from this session's last run, else from the address, else from the lesson. A bad value is named in
    one sentence, what was typed stays in the form, and the images of the last run stay on the page. When another model
    is chosen, what nobody changed becomes that model's own. `extra` gives the values of hidden controls at each click.
    `check` refuses values that are good alone and not together.
    """
    _follow_model(lesson, experiment_id)
    key, controls = key_of(lesson, experiment_id), _controls(lesson, experiment_id)
    shown = [control for control in controls if control.draw is not None]
    with st.form(f"{key}.form", border=True):
        _draw(key, shown, _first_values(lesson, experiment_id, check))
        if note := note_on(current_info(), [control.name for control in shown]):
            st.caption(f":material/info: {note}")
        asked = st.form_submit_button(button, type="primary", icon=":material/play_arrow:", key=f"{key}.run")
    typed = {control.name: st.session_state[_widget_key(key, control)] for control in shown}
    if asked and not _second_click(key, typed):
        return _run_with(lesson, experiment_id, {**typed, **extra()}, check)
    return last_trial(lesson, experiment_id)


def _follow_model(lesson: Lesson, experiment_id: str) -> None:
    """After another model was chosen: values that were the other one's own become this one's, in form and last run."""
    key, own = key_of(lesson, experiment_id), _written(lesson, experiment_id)
    before: Mapping[str, Value] = st.session_state.get(f"{key}.own", own)
    st.session_state[f"{key}.own"] = own
    changed = {name: value for name, value in own.items() if before[name] != value}
    if not changed:
        return
    last: Mapping[str, Value] | None = st.session_state.get(f"{key}.last")
    if last is not None:
        moved = {name: value for name, value in changed.items() if last[name] == before[name]}
        st.session_state[f"{key}.last"] = {**last, **moved}
    first = _first_values(lesson, experiment_id)
    typed = {name: st.session_state.get(_widget_key(key, CONTROLS[name]), first[name]) for name in changed}
    fill_form(lesson, experiment_id, {name: own[name] for name in changed if typed[name] == before[name]})


def _written(lesson: Lesson, experiment_id: str) -> Mapping[str, Value]:
    """What the form of the model in use starts with, if no address says otherwise."""
    values = experiment_values(lesson, experiment_id)
    return {control.name: control.tidy(values[control.name]) for control in _controls(lesson, experiment_id)}


def _second_click(key: str, typed: Mapping[str, Any]) -> bool:
    """Whether the same values are being drawn already: a double click is one run."""
    last = st.session_state.get(f"{key}.last", {})
    values, problems = _checked([CONTROLS[name] for name in typed], typed)
    flight = in_flight() or ""
    drawing = flight == key or flight.startswith(f"{key}.")  # an experiment may draw in several runs
    return drawing and not problems and all(last.get(name) == value for name, value in values.items())


def _run_with(lesson: Lesson, experiment_id: str, typed: Mapping[str, Any], check: Check | None) -> Trial | None:
    """Make these values the experiment's last run; a value out of range gets a sentence, and the run before stays."""
    values, problems = _checked(_controls(lesson, experiment_id), typed)
    problems = problems or _misfit(check, values)
    for problem in problems:
        st.error(problem, icon=":material/error:")
    if problems:
        return last_trial(lesson, experiment_id)
    st.session_state[f"{key_of(lesson, experiment_id)}.last"] = values
    _write_link(lesson, experiment_id, values)
    return Trial(key=key_of(lesson, experiment_id), values=values, asked_now=True)


def fill_form(lesson: Lesson, experiment_id: str, values: Mapping[str, Value]) -> None:
    """Put these values into the experiment's form; its other controls keep what was typed. Before it is drawn.

    Their widgets are made anew with other first values: a value written to a widget that stands can be overtaken.
    """
    key, first = key_of(lesson, experiment_id), dict(_first_values(lesson, experiment_id))
    editions = dict(st.session_state.get(f"{key}.editions", {}))
    for control in _controls(lesson, experiment_id):
        if control.name in values:
            try:
                first[control.name] = control.tidy(values[control.name])
            except ValueError:
                st.toast(f"“{control.label}” cannot be taken over: it is out of range here.")
            else:
                editions[control.name] = editions.get(control.name, 0) + 1
    st.session_state[f"{key}.first"], st.session_state[f"{key}.editions"] = first, editions


def last_trial(lesson: Lesson, experiment_id: str) -> Trial | None:
    """What the experiment last ran with, in this session or as the address says."""
    key = key_of(lesson, experiment_id)
    values: Mapping[str, Value] | None = st.session_state.get(f"{key}.last")
    if values is None and link.ran(experiment_id):
        values = st.session_state[f"{key}.last"] = _first_values(lesson, experiment_id)
    if values is None:
        return None
    _write_link(lesson, experiment_id, values)  # the address forgets when another page was visited
    return Trial(key=key, values=values, asked_now=False)


def _controls(lesson: Lesson, experiment_id: str) -> list[Control]:
    return [CONTROLS[name] for name in lesson.experiments[experiment_id] if name in CONTROLS]


def _first_values(lesson: Lesson, experiment_id: str, check: Check | None = None) -> Mapping[str, Value]:
    """What the form starts with, found once a session: the address's values, else the lesson's."""
    key, controls = f"{key_of(lesson, experiment_id)}.first", _controls(lesson, experiment_id)
    if key not in st.session_state:
        values = {c.name: _start(c, lesson, experiment_id) for c in controls}
        if _misfit(check, values):
            st.toast("The link's values do not go together; the lesson's own are used.")
            values = dict(_written(lesson, experiment_id))
        st.session_state[key] = values
    kept: Mapping[str, Value] = st.session_state[key]
    return kept


def _misfit(check: Check | None, values: Mapping[str, Value]) -> list[str]:
    try:
        if check is not None:
            check(values)
    except ValueError as error:
        return [str(error)]
    return []


def _start(control: Control, lesson: Lesson, experiment_id: str) -> Value:
    """The address's value when it has a good one, else the lesson's."""
    written = link.read(experiment_id, control.short)
    if written is not None:
        try:
            return control.parse(written)
        except ValueError:
            st.toast(f"The link's value for “{control.label}” is out of range; the lesson's own is used.")
    return control.tidy(experiment_values(lesson, experiment_id)[control.name])


def _draw(key: str, controls: Sequence[Control], first: Mapping[str, Value]) -> None:
    small = [control for control in controls if not control.wide]
    for control in controls:
        if control.wide:
            _widget(key, control, first)
    for start in range(0, len(small), COLUMNS):
        row = small[start : start + COLUMNS]
        with st.grid(columns=max(len(row), 3), min_column_width=CONTROL_PIXELS) as grid:
            for control in row:
                with grid.cell():
                    _widget(key, control, first)


def _widget(key: str, control: Control, first: Mapping[str, Value]) -> None:
    if control.draw is not None:
        control.draw(control.label, _widget_key(key, control), first[control.name])


def _widget_key(key: str, control: Control) -> str:
    """The widget's key in session state; another one each time that it was filled from elsewhere."""
    edition = st.session_state.get(f"{key}.editions", {}).get(control.name, 0)
    return f"{key}.{control.name}" + (f".{edition}" if edition else "")


def _checked(controls: Sequence[Control], typed: Mapping[str, Any]) -> tuple[dict[str, Value], list[str]]:
    values: dict[str, Value] = {}
    problems: list[str] = []
    for control in controls:
        try:
            values[control.name] = control.tidy(typed[control.name])
        except ValueError as error:
            problems.append(f"{control.label}: {error}")
    return values, problems


def _write_link(lesson: Lesson, experiment_id: str, values: Mapping[str, Value]) -> None:
    controls = _controls(lesson, experiment_id)
    own = _written(lesson, experiment_id)
    defaults = {c.short: str(own[c.name]) for c in controls}
    link.write(experiment_id, {c.short: str(values[c.name]) for c in controls}, defaults)
