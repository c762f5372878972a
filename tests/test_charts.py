"""Charts: right axes, right order, right data; nothing told by colour alone."""

from __future__ import annotations

import pandas as pd
import pytest

from dashboard import charts

PAIRS = pd.DataFrame(
    [("7", "3", 0.5, 1.0), ("7", "21", 0.7, 1.02), ("3", "21", 0.6, 0.98)],
    columns=["first", "second", "image_distance", "noise_distance"],
)
NORMS = pd.DataFrame(
    [(0.0, "arc", 1.0), (0.5, "arc", 1.0), (0.0, "line", 1.0), (0.5, "line", 0.71)],
    columns=["position", "path", "norm"],
)


def rows(spec: dict, layer: dict) -> list[dict]:
    return spec["datasets"][layer["data"]["name"]]


def test_every_pair_stands_at_both_of_its_seeds_in_the_order_of_the_grid() -> None:
    spec = charts.seed_distances(PAIRS, ["7", "3", "21"]).to_dict()
    dots = spec["layer"][0]
    assert dots["encoding"]["x"]["sort"] == ["7", "3", "21"]
    found = sorted((row["seed"], row["other"], row["image_distance"]) for row in rows(spec, dots))
    assert found == sorted(
        [("7", "3", 0.5), ("3", "7", 0.5), ("7", "21", 0.7), ("21", "7", 0.7), ("3", "21", 0.6), ("21", "3", 0.6)]
    )


def test_the_noises_are_a_named_dashed_line_at_their_average() -> None:
    spec = charts.seed_distances(PAIRS, ["7", "3", "21"]).to_dict()
    rule, label = spec["layer"][2:]
    assert rule["mark"]["strokeDash"] and rows(spec, rule)[0]["value"] == pytest.approx(1.0)
    assert "noises" in rows(spec, label)[0]["name"]


def test_the_distance_axis_begins_at_zero_and_holds_every_dot() -> None:
    far = PAIRS.assign(image_distance=[0.1, 1.4, 0.2])
    low, high = charts.seed_distances(far, ["7", "3", "21"]).to_dict()["layer"][0]["encoding"]["y"]["scale"]["domain"]
    assert low == 0 and high > 1.4


def test_paths_differ_in_shape_and_dash_as_well_as_colour() -> None:
    encoding = charts.norms(NORMS).to_dict()["layer"][0]["encoding"]
    assert {encoding[channel]["field"] for channel in ("color", "shape", "strokeDash")} == {"path"}
    assert encoding["x"]["field"] == "position" and encoding["y"]["field"] == "norm"


@pytest.mark.parametrize("draw", [lambda table: charts.seed_distances(table, []), charts.norms])
@pytest.mark.parametrize("table", [pd.DataFrame(), pd.DataFrame({"position": []}), pd.DataFrame({"x": [1]})])
def test_a_table_without_its_columns_is_refused(draw, table: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="the table needs rows and the columns"):
        draw(table)


SUMMARY = pd.DataFrame(
    {
        "steps": [5, 10, 5, 10],
        "scheduler": ["DDIM", "DDIM", "PNDM", "PNDM"],
        "mean": [0.5, 0.3, 0.6, 0.2],
        "low": [0.4, 0.2, 0.5, float("nan")],
        "high": [0.6, 0.4, 0.7, float("nan")],
        "n": [4, 4, 4, 1],
    }
)


def test_a_curve_shows_means_with_intervals_and_tells_series_by_more_than_colour() -> None:
    x, y = charts.Axis(column="steps", title="Steps", log=True), charts.Axis(column="distance", title="Distance")
    spec = charts.curve(SUMMARY, x, y, series="scheduler", reference=(0.1, "two seeds")).to_dict()
    spans, line, rule, label = spec["layer"]
    assert spans["encoding"]["y"]["field"] == "low" and spans["encoding"]["y2"]["field"] == "high"
    assert spans["transform"] == [{"filter": "isValid(datum.low)"}], "one seed has no interval to draw"
    assert {line["encoding"][c]["field"] for c in ("color", "shape", "strokeDash")} == {"scheduler"}
    assert line["encoding"]["x"]["scale"]["type"] == "log" and line["encoding"]["y"]["title"] == "Distance"
    assert rows(spec, rule)[0]["value"] == 0.1 and rows(spec, label)[0]["name"] == "two seeds: 0.10"
    assert label["encoding"]["x"]["value"] == "width", "at the right, where falling curves lie below it"
    *_, label = charts.curve(SUMMARY.iloc[::-1], x, y, reference=(0.1, "two seeds")).to_dict()["layer"]
    assert label["encoding"]["x"]["value"] == 0, "at the left, where rising curves lie below it"
    assert len(rows(spec, line)) == 4


def test_a_legend_of_numbers_counts_up() -> None:
    rows_of = [(scale, steps, 0.1, 0.0, 0.2) for scale in ("2", "5", "10", "20") for steps in (5, 10)]
    summary = pd.DataFrame(rows_of, columns=["guidance", "steps", "mean", "low", "high"])
    x, y = charts.Axis(column="steps", title="Steps"), charts.Axis(column="distance", title="Distance")
    _, line = charts.curve(summary, x, y, series="guidance").to_dict()["layer"]
    orders = [line["encoding"][channel]["sort"] for channel in ("color", "shape", "strokeDash")]
    assert orders == [["2", "5", "10", "20"]] * 3


@pytest.mark.parametrize(("name", "columns"), [("DDIM", 3), ("one after another (computed)", 1)])
def test_a_legend_of_long_names_stands_one_below_the_other(name: str, columns: int) -> None:
    summary = pd.DataFrame([(name, 1, 0.1, 0.0, 0.2)], columns=["way", "images", "mean", "low", "high"])
    x, y = charts.Axis(column="images", title="Images"), charts.Axis(column="seconds", title="Seconds")
    spans, _ = charts.curve(summary, x, y, series="way").to_dict()["layer"]
    assert spans["encoding"]["color"]["legend"]["columns"] == columns


def test_an_upright_title_puts_its_brackets_below() -> None:
    summary = pd.DataFrame([("one", 0.5, 0.4, 0.6)], columns=["name", "mean", "low", "high"])
    y = charts.Axis(column="distance", title="Distance (0 same, 1 unrelated)")
    spec = charts.bars(summary, charts.Axis(column="name", title="Name"), y, order=["one"]).to_dict()
    assert spec["layer"][0]["encoding"]["y"]["title"] == ["Distance", "(0 same, 1 unrelated)"]


def test_bars_stand_in_the_given_order_with_their_intervals() -> None:
    x, y = charts.Axis(column="scheduler", title="Scheduler"), charts.Axis(column="distance", title="Distance")
    spec = charts.bars(SUMMARY.iloc[[0, 2]], x, y, order=["PNDM", "DDIM"]).to_dict()
    means, spans = spec["layer"]
    assert means["encoding"]["x"]["sort"] == ["PNDM", "DDIM"]
    axis = means["encoding"]["x"]["axis"]
    assert axis["labelOverlap"] is False and "split" in axis["labelExpr"], "on a narrow screen no name may be left out"
    assert spans["encoding"]["y2"]["field"] == "high"


def test_marks_on_the_x_axis_are_upright_lines_with_their_names() -> None:
    x, y = charts.Axis(column="steps", title="Steps"), charts.Axis(column="distance", title="Distance")
    spec = charts.curve(SUMMARY, x, y, marks=[(11.0, "knee"), (21.0, "yours")]).to_dict()
    rule, label, second, other = spec["layer"][2:]
    assert "y" not in rule["encoding"] and rule["mark"]["type"] == "rule" and rule["mark"]["strokeDash"]
    assert [rows(spec, layer)[0]["steps"] for layer in (rule, second)] == [11.0, 21.0]
    assert [rows(spec, layer)[0]["name"] for layer in (label, other)] == ["knee", "yours"]
    assert label["encoding"]["y"] != other["encoding"]["y"], "two names must not lie over each other"


def test_timesteps_run_down_from_left_to_right() -> None:
    table = pd.DataFrame({"scheduler": ["Heun"] * 3, "timestep": [501.0, 1.0, 1.0]})
    spec = charts.timesteps(table, ["Heun"]).to_dict()
    encoding = spec["encoding"]
    assert encoding["x"]["scale"]["domain"] == [1000, 0] and encoding["y"]["sort"] == ["Heun"]
    assert encoding["shape"]["field"] == "visited", "a timestep visited twice must be seen"
    assert {(row["timestep"], row["visited"]) for row in rows(spec, spec)} == {(501.0, "once"), (1.0, "2 times")}


def test_an_axis_can_name_its_ticks() -> None:
    x, y = charts.Axis(column="steps", title="Steps", log=True, ticks=(5, 10)), charts.Axis(column="d", title="D")
    assert charts.curve(SUMMARY, x, y).to_dict()["layer"][1]["encoding"]["x"]["axis"]["values"] == [5, 10]


def test_counts_stand_in_the_tables_order_with_their_numbers() -> None:
    table = pd.DataFrame({"name": ["snow", "city"], "scenes": [40, 7]})
    spec = charts.counts(table, charts.Axis(column="name", title="Place")).to_dict()
    bar, number = spec["layer"]
    assert bar["encoding"]["y"]["sort"] == ["snow", "city"] and bar["encoding"]["x"]["field"] == "scenes"
    assert number["encoding"]["text"]["field"] == "scenes"


def test_shares_stand_side_by_side_and_sources_differ_in_shape() -> None:
    nan = float("nan")
    table = pd.DataFrame(
        [("man", "data", 0.8, nan, nan), ("woman", "data", 0.2, nan, nan), ("man", "images", 0.7, 0.5, 0.85)],
        columns=["name", "source", "mean", "low", "high"],
    )
    spans, marks = charts.shares(table, order=["woman", "man"]).to_dict()["layer"]
    assert marks["encoding"]["x"]["sort"] == ["woman", "man"]
    assert marks["encoding"]["shape"]["field"] == marks["encoding"]["xOffset"]["field"] == "source"
    assert marks["encoding"]["y"]["scale"]["domain"] == [0, 1]
    assert spans["transform"] == [{"filter": "isValid(datum.low)"}], "what was counted whole has no interval"


def test_a_learning_curve_tells_practice_from_exam_by_mark_and_spans_every_step() -> None:
    table = pd.DataFrame(
        [(0, 0.1, "exam"), (1, 0.2, "practice"), (20, 0.05, "exam")], columns=["step", "error", "measured"]
    )
    practice, exam = charts.learning_curve(table, 120).to_dict()["layer"]
    assert practice["mark"]["type"] == "point" and exam["mark"]["type"] == "line"
    assert "practice" in practice["transform"][0]["filter"] and "exam" in exam["transform"][0]["filter"]
    assert practice["encoding"]["x"]["scale"]["domain"] == [0, 120]
    with pytest.raises(ValueError, match="the table needs rows"):
        charts.learning_curve(pd.DataFrame(), 120)


SCALES = pd.DataFrame(
    [(0, "picture", 1.0), (999, "picture", 0.1), (0, "noise", 0.0), (999, "noise", 1.0)],
    columns=["timestep", "part", "scale"],
)


def test_the_schedules_parts_differ_in_dash_and_the_cursor_stands_at_the_timestep() -> None:
    spec = charts.noise_schedule(SCALES, 400).to_dict()
    lines, rule, label = spec["layer"]
    assert {lines["encoding"][channel]["field"] for channel in ("color", "strokeDash")} == {"part"}
    assert rows(spec, rule) == [{"timestep": 400, "name": "t = 400"}]
    assert rows(spec, label)[0]["name"] == "t = 400"


def test_the_ratios_chart_has_its_even_line_and_the_cursor() -> None:
    spec = charts.log_snr(pd.DataFrame({"timestep": [0, 999], "log_snr": [7.0, -5.0]}), 900).to_dict()
    line, even, name, cursor, _ = spec["layer"]
    assert [row["log_snr"] for row in rows(spec, line)] == [7.0, -5.0]
    assert rows(spec, even)[0]["log_snr"] == 0.0 and even["mark"]["strokeDash"]
    assert "more signal" in rows(spec, name)[0]["name"]
    assert rows(spec, cursor)[0]["timestep"] == 900


def test_each_cell_of_the_likeness_chart_carries_its_number() -> None:
    table = pd.DataFrame(
        [("a", "a", 1.0), ("a", "b", -0.2), ("b", "a", -0.2), ("b", "b", 1.0)], columns=["first", "second", "cosine"]
    )
    cells, numbers = charts.similarities(table, ["b", "a"]).to_dict()["layer"]
    assert numbers["encoding"]["text"]["field"] == "cosine"
    assert cells["encoding"]["x"]["sort"] == cells["encoding"]["y"]["sort"] == ["b", "a"]


@pytest.mark.parametrize(
    "draw",
    [
        lambda table: charts.noise_schedule(table, 0),
        lambda table: charts.log_snr(table, 0),
        lambda table: charts.similarities(table, []),
    ],
)
def test_these_too_refuse_an_empty_table(draw) -> None:
    with pytest.raises(ValueError, match="the table needs rows and the columns"):
        draw(pd.DataFrame())


def test_a_heat_map_holds_every_number_in_the_given_order() -> None:
    rows = [(a, b, 10.0 * i + j, 0.0, 1.0) for i, a in enumerate("xy") for j, b in enumerate("xy")]
    table = pd.DataFrame(rows, columns=["drawn", "asked", "mean", "low", "high"])
    axes = charts.Axis(column="asked", title="Asked"), charts.Axis(column="drawn", title="Drawn")
    squares, numbers = charts.heat(table, *axes, columns=["y", "x"], rows=["x", "y"], title="match").to_dict()["layer"]
    assert squares["mark"]["type"] == "rect" and numbers["mark"]["type"] == "text", "never by colour alone"
    assert squares["encoding"]["x"]["sort"] == ["y", "x"] and squares["encoding"]["y"]["sort"] == ["x", "y"]
    with pytest.raises(ValueError, match="needs rows and the columns"):
        charts.heat(table.drop(columns="mean"), *axes, columns=["x"], rows=["x"], title="match")
