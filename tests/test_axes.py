"""Axes as they are typed."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dashboard.axes import MAX_CELLS, grid_requests, parse_axis, prompt_axis
from dashboard.engine import ImageRequest

BASE = ImageRequest(prompt="a")


@pytest.mark.parametrize(
    "text,values",
    [
        ("guidance=2:21:3", (2, 5, 8, 11, 14, 17, 20)),
        ("guidance=1:3:0.5", (1, 1.5, 2, 2.5)),
        ("guidance=0:1:0.1", (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)),
        ("guidance=1,7.5", (1, 7.5)),
        ("steps=1:100:5", tuple(range(1, 100, 5))),
        ("steps=10:1:-3", (10, 7, 4)),
        ("seed=3:6", (3, 4, 5)),
        ("seed=6421725739674010,9223372036854775807", (6421725739674010, 2**63 - 1)),
        ("scheduler=pndm, ddim", ("pndm", "ddim")),
        ("prompt=a cat,a dog: brown", ("a cat", "a dog: brown")),
        ("negative=,fog", ("", "fog")),
    ],
)
def test_values(text, values):
    axis = parse_axis(text)
    assert axis.values == values
    assert len(set(axis.labels)) == len(values) and all(axis.labels)
    assert all(type(a) is type(axis.values[0]) for a in axis.values)


@pytest.mark.parametrize(
    "text,word",
    [
        ("guidance", "name=values"),
        ("=1,2", "name=values"),
        ("colour=red", "guidance, steps"),
        ("guidance=2:21:0", "not 0"),
        ("guidance=5:5", "empty"),
        ("guidance=2:21:-3", "empty"),
        ("guidance=a:b", "plain numbers"),
        ("guidance=nan:inf", "plain numbers"),
        ("guidance=0:inf", "too long"),
        ("guidance=1:2:3:4", "start:stop"),
        ("steps=1:1000000000", "too long"),
        ("steps=1:9:1e-999999", "too long"),
        ("steps=1:10:2.5", "whole"),
        ("steps=1,,3", "numbers"),
        ("steps=" + "9" * 5000, "numbers"),
        ("seed=1,1", "twice"),
        ("scheduler=pndm,pndm", "twice"),
    ],
)
def test_what_cannot_be_read_gets_a_sentence_at_once(text, word):
    start = time.perf_counter()
    with pytest.raises(ValueError, match=word) as caught:
        parse_axis(text)
    assert str(caught.value).endswith(".") and len(str(caught.value)) < 200
    assert time.perf_counter() - start < 0.5


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["guidance=", "steps=", "seed=", "scheduler=", ""]), st.text("0123456789:,.-+eE_ naif", max_size=30)
)
@example("steps=", "1e999999999999999999:2")
@example("seed=", "1:1e18:1e17")
def test_any_axis_is_read_or_refused(name, text):
    try:
        axis = parse_axis(name + text)
        grid_requests(BASE, [axis])
    except ValueError as error:
        assert str(error)


def test_two_axes_run_row_by_row():
    requests = grid_requests(BASE, [prompt_axis(["x, y", "z"]), parse_axis("guidance=1,2,3")])
    assert [(r.prompt, r.guidance_scale) for r in requests] == [(p, g) for p in ("x, y", "z") for g in (1, 2, 3)]


@pytest.mark.parametrize(
    "axes,word",
    [
        (["seed=1:30", "steps=1:30"], f"most is {MAX_CELLS}"),
        (["seed=1,2", "seed=3,4"], "different things"),
        (["scheduler=pndm,magic"], "magic|one of"),
        (["guidance=29:32"], "guidance"),
    ],
)
def test_grids_that_cannot_be(axes, word):
    with pytest.raises(ValueError, match=word):
        grid_requests(BASE, [parse_axis(axis) for axis in axes])
