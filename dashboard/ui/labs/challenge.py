"""Laboratory: the replicability challenge. A classmate's seed, or the PNG they saved."""

from __future__ import annotations

import numpy as np
import streamlit as st

from dashboard.course import Lesson
from dashboard.engine import compare
from dashboard.export import NotAReceipt, Receipt, alt_text, read_pixels, read_receipt
from dashboard.export.verify import judge
from dashboard.ui.controls import request_from
from dashboard.ui.experiment import experiment_form, key_of
from dashboard.ui.gallery import gallery, plain, single
from dashboard.ui.labs.same_image import SIGNS
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_model
from dashboard.ui.parsing import parse_seed
from dashboard.ui.records import record
from dashboard.ui.runs import show_run
from dashboard.ui.withheld import measurable


def challenge_lab(lesson: Lesson) -> None:
    """A seed to paste, and a place to drop a PNG."""
    by_seed, by_file = st.columns(2, gap="medium")
    with by_seed:
        st.markdown("**With a seed**")
        _by_seed(lesson)
    with by_file:
        st.markdown("**With a PNG**")
        _by_file(lesson)


def _by_seed(lesson: Lesson) -> None:
    trial = experiment_form(lesson, "challenge", button="Draw it")
    if trial is None:
        return
    given = parse_seed(str(lesson.experiments["challenge"]["seed"]))
    asked = request_from(trial.values, current_model())
    reference = asked.replace(seed=given)
    titles = [f"challenge seed {given}", f"your seed {asked.seed}"]
    results = show_run(trial.key, [reference, asked], titles, asked_now=trial.asked_now)
    if results is None:
        return
    record(lesson.id).ran.add("challenge")
    gallery(trial.key, results, titles, columns=2, min_width=90)
    if not measurable(results):
        return
    comparison = compare(results[0].array(), results[1].array())
    same_noise = results[0].noise_sha256 == results[1].noise_sha256
    showed(
        f"{SIGNS[comparison.verdict]} **{comparison.verdict}**, largest difference {comparison.max_difference} of 255. "
        f"The two seeds give {'the same' if same_noise else 'different'} noise. "
        f"Hash of your image: `{results[1].sha256[:16]}`."
    )


def _by_file(lesson: Lesson) -> None:
    upload = st.file_uploader(
        "A PNG saved from this dashboard", type=["png"], key=f"{lesson.id}.receipt", max_upload_size=10
    )
    if upload is None:
        st.caption("Click any image on this page, save its PNG, and drop it here to see the check work.")
        return
    data = upload.getvalue()
    try:
        receipt, pixels = read_receipt(data), read_pixels(data)
    except NotAReceipt as error:
        st.error(str(error), icon=":material/error:")
        return
    st.caption(f"The receipt says: {plain(alt_text(receipt.request, receipt.model_name))}")
    _check(lesson, receipt, pixels)


def _check(lesson: Lesson, receipt: Receipt, pixels: np.ndarray) -> None:
    key = key_of(lesson, "receipt")
    results = show_run(key, [receipt.request], ["made again here"], asked_now=False, fresh=True)
    if results is None:
        return
    found = judge(receipt, pixels, results[0])
    single(key, results[0], "made again here", width=220)
    message = f"**{SIGNS[found.verdict]} {found.verdict}.** {plain(found.sentence)}"
    if found.verdict == "different" or found.edited:
        st.warning(message, icon=":material/difference:")
    else:
        st.success(message, icon=":material/verified:")
    if found.differences:
        st.dataframe(
            [{"field": d.field, "in the PNG": str(d.then), "here": str(d.now)} for d in found.differences],
            hide_index=True,
            alt="Fields of the receipt that are not the same here",
        )
