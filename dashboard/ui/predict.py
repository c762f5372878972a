"""Predict, then reveal: the learner commits to a guess, and the run itself scores it."""

from __future__ import annotations

import streamlit as st

from dashboard.course import Lesson, Prediction
from dashboard.intervals import Interval
from dashboard.ui.records import Guess, record
from dashboard.ui.way import way


def predict(lesson: Lesson, experiment_id: str) -> Guess | None:
    """Ask the experiment's question; the committed guess, or None while the learner has not answered or skipped."""
    prediction, mine = lesson.predictions[experiment_id], record(lesson.id)
    guess = mine.guesses.get(experiment_id)
    if guess is None and way() == "explore":
        st.caption(":material/psychology_alt: You explore, so nothing waits for a guess. Welcome has the other ways.")
        return Guess(option=None)
    if guess is None:
        _ask(f"{lesson.id}.{experiment_id}", prediction, mine.guesses, experiment_id)
    elif guess.option is not None:
        choice = prediction.options[guess.option].label
        st.markdown(f":material/psychology_alt: **Your guess:** {choice}. You are {guess.confidence}% sure.")
    return guess


def _ask(key: str, prediction: Prediction, guesses: dict[str, Guess], experiment_id: str) -> None:
    labels = [option.label for option in prediction.options]
    with st.form(f"{key}.predict", border=True):
        st.markdown(f":material/psychology_alt: **Predict first.** {prediction.question}")
        choice = st.radio("Your guess", labels, index=None, key=f"{key}.guess")
        sure = st.slider("How sure are you?", 30, 100, 60, step=5, format="%d%%", key=f"{key}.sure")
        with st.container(horizontal=True):
            commit = st.form_submit_button("Commit to this guess", type="primary", key=f"{key}.commit")
            skip = st.form_submit_button("Skip", type="tertiary", key=f"{key}.skip")
    if skip:
        guesses[experiment_id] = Guess(option=None)
        st.rerun()
    if commit and choice is None:
        st.warning("Choose one of the guesses first, or skip.", icon=":material/info:")
    elif commit:
        guesses[experiment_id] = Guess(option=labels.index(str(choice)), confidence=int(sure))
        st.rerun()


def covered(what: str = "Your images are ready") -> None:
    """What was run is there and waits for the guess."""
    st.info(
        f"{what}. Commit to a guess above, or skip it, to see.",
        icon=":material/visibility_off:",
    )


def outcome(prediction: Prediction, guess: Guess, measured: float, *, told: str = "") -> None:
    """Say what the run measured, which guess that makes right, and the score. `told`: the measurement in words."""
    right = prediction.outcome(measured)
    answer = prediction.options[right]
    number = told or f"{measured:.2f}"
    lines = [f"The {prediction.measure} was **{number}**. That is: *{answer.label}*. {answer.explanation}"]
    if guess.option is not None:
        verdict = "Your guess was right" if guess.option == right else "Your guess was another one"
        lines.append(f"{verdict}. At {guess.confidence}% sure, that scores **{guess.points(right)} of 100 points**.")
    hit = guess.option == right
    (st.success if hit else st.info)(
        "  \n".join(lines), icon=":material/check_circle:" if hit else ":material/insights:"
    )


def doubt(prediction: Prediction, found: Interval) -> None:
    """Below the outcome: say so where the measured interval holds more than one answer."""
    if found.n < 2:
        st.caption("One value has no interval, so chance may have decided this answer.")
    elif prediction.outcome(found.low) != prediction.outcome(found.high):
        st.caption("The interval reaches into another answer, so that one fits as well.")
