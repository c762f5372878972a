"""What may be typed into a control or stand in an address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.course import load_course
from dashboard.ui.controls import CONTROLS, request_from
from dashboard.ui.own_values import KEEPS
from dashboard.ui.parsing import MAX_IMAGES, parse_seed, parse_seeds


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("7", (7,)),
        (" 3, 8 ,21 ", (3, 8, 21)),
        ("0-5", (0, 1, 2, 3, 4, 5)),
        ("0-50:10", (0, 10, 20, 30, 40, 50)),
        ("5..7", (5, 6, 7)),
        ("1 to 3, 9", (1, 2, 3, 9)),
        ("4, 4, 2, 4", (4, 2)),
        ("9223372036854775806-9223372036854775807", (2**63 - 2, 2**63 - 1)),
    ],
)
def test_seeds_are_read_in_their_order_and_once(text: str, seeds: tuple[int, ...]) -> None:
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize(
    "text", ["", " , ", "-1", "1.5", "1e3", "٣", "²", "0-99999999999999999999", "5-1", "0-9:0", "a"]
)
def test_what_is_not_a_list_of_seeds_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_seeds(text)


def test_a_huge_range_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match=f"from 1 to {MAX_IMAGES} seeds"):
        parse_seeds("0-9223372036854775807")


@given(st.text(max_size=60))
def test_no_text_breaks_a_control(text: str) -> None:
    for control in CONTROLS.values():
        try:
            value = control.parse(text)
        except ValueError as error:
            assert str(error)
        else:
            assert control.parse(str(value)) == value, "what an address says must survive being written there again"


@given(st.integers(0, 2**63 - 1))
def test_every_seed_survives_an_address(seed: int) -> None:
    assert parse_seed(str(seed)) == seed


READ_ALONE = {"about", "counted", KEEPS}  # what a laboratory reads from its lesson without a control


def test_the_lessons_defaults_pass_their_own_controls() -> None:
    for lesson in load_course().lessons.values():
        for name, defaults in lesson.experiments.items():
            for control_name, value in defaults.items():
                if control_name in CONTROLS:
                    CONTROLS[control_name].tidy(value)
            unknown = set(defaults) - set(CONTROLS) - READ_ALONE
            assert not unknown, f"{lesson.id}.{name} names controls that do not exist: {unknown}"
            assert set(defaults.get(KEEPS, [])) <= set(defaults), f"{lesson.id}.{name} keeps what it does not have"


def test_values_become_a_request() -> None:
    values = {"prompt": "an owl", "seed": "12", "num_inference_steps": 3, "guidance_scale": 2.0, "scheduler": "ddim"}
    request = request_from(values, "pocket")
    assert (request.prompt, request.seed, request.num_inference_steps, request.scheduler) == ("an owl", 12, 3, "ddim")
