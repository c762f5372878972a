"""`models`, `bench`, and the program as a process."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard import bench
from dashboard.cli import work
from dashboard.engine import Engine, ModelRegistry, ModelUnavailable

ROOT = Path(__file__).parents[2]


def test_models(run):
    done = run("models")
    assert done.status == 0 and "tiny: ready" in done.out and "pocket: " in done.out
    (tiny,) = json.loads(run("models", "--json", "--model", "tiny").out)
    assert (tiny["id"], tiny["available"]) == ("tiny", True)
    assert run("models", "--model", "nobody").status == 2


def test_models_tells_licence_size_and_lessons(run):
    text = run("models").out
    assert "pocket: ready\n" in text and "Apache-2.0." in text and "Suits every lesson." in text


def test_a_download_that_fails_is_one_line(run, monkeypatch):
    def refuse(self, model_id):
        raise ModelUnavailable(f"{model_id} could not be downloaded: the disk is full.")

    monkeypatch.setattr(ModelRegistry, "download", refuse)
    done = run("models", "--model", "tiny", "--download")
    assert (done.status, done.err) == (2, "dashboard: tiny could not be downloaded: the disk is full.\n")
    assert "--model" in run("models", "--download").err


def test_models_says_why_not(run, monkeypatch, tmp_path):
    monkeypatch.setenv("DASHBOARD_MODELS", f"gone={tmp_path / 'gone'}")
    done = run("models")
    assert done.status == 0 and "gone: not here: There is no model folder" in done.out
    assert run("image", "--model", "gone", "--prompt", "a", "--out", "a.png").status == 2
    monkeypatch.setenv("DASHBOARD_MODELS", "=")
    assert run("models").status == 2


def test_bench_compares_equal_things(run, monkeypatch):
    sweeps = bench.sweeps

    def small(model, *, quick):
        first = sweeps(model, quick=quick)[0].requests[0].replace(num_inference_steps=2)
        requests = tuple(first.replace(guidance_scale=guidance) for guidance in (2, 5))
        return (bench.Sweep(name="guidance-24x20-f32", requests=requests),)

    monkeypatch.setattr(bench, "sweeps", small)
    done = run("bench", "--quick", "--model", "tiny", "--json", "--out", "b.json")
    report = json.loads(done.out)
    assert done.status == 0 and report == json.loads(Path("b.json").read_text())
    (result,) = report["results"]
    assert result["name"] == "guidance-24x20-f32" and result["images"] == 2
    assert result["max_difference"] <= 1  # of 255: the two sides draw the same pictures
    assert len(result["naive_runs_s"]) == len(result["ours_runs_s"]) == 3
    assert result["ratio"] == pytest.approx(result["naive_s"] / result["ours_s"], rel=0.02)
    assert report["machine"]["threads"] == 2

    report = json.loads(run("bench", "--model", "tiny", "--json").out)
    memo = report["results"][-1]
    assert (memo["images"], memo["images_computed"], memo["max_difference"]) == (600, 2, 0)
    text = bench.as_text(report)
    assert all(f"{result['name']} " in text and f"{result['ratio']:.2f}x" in text for result in report["results"])
    assert memo["unet_rows_asked"] == 300 * memo["unet_rows_computed"]


def test_bench_sweeps_leave_no_side_an_advantage():
    for sweep in bench.sweeps("tiny", quick=False):
        assert len(set(sweep.requests)) == len(sweep.requests)
        assert all(request.guidance_scale > 1 and request.scheduler == "pndm" for request in sweep.requests)
    (quick,) = bench.sweeps("tiny", quick=True)
    assert quick.name == "guidance-24x20-f32" and len(quick.requests) == 24
    assert {request.num_inference_steps for request in quick.requests} == {20}
    steps = bench.sweeps("tiny", quick=False)[1]
    assert [request.num_inference_steps for request in steps.requests] == list(range(1, 97, 5))


def test_bench_refuses_a_path_before_the_work(run):
    done = run("bench", "--quick", "--out", "missing/b.json")
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)


@pytest.fixture
def environment(tiny_folder, tmp_path) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "DASHBOARD_DATA_DIR": str(tmp_path / "data"),
        "DASHBOARD_MODELS": f"tiny={tiny_folder}",
    }


def test_as_a_process_after_a_restart(run, environment, tmp_path):
    arguments = ("image", "--model", "tiny", "--prompt", "a", "--steps", "2", "--out", "a.png")
    here = run(*arguments, "--no-memo").out
    command = [sys.executable, "-m", "dashboard", *arguments]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, here, "")


def test_an_interruption_cancels_the_job(run, monkeypatch):
    jobs = []
    submit = Engine.submit

    def remembered(*arguments, **options):
        jobs.append(submit(*arguments, **options))
        return jobs[-1]

    def interrupted(text):
        if text:
            raise KeyboardInterrupt

    monkeypatch.setattr(Engine, "submit", remembered)
    monkeypatch.setattr(work, "REFRESH", 0.01)
    monkeypatch.setattr(work, "note", interrupted)
    done = run("grid", "--model", "tiny", "--prompt", "a", "--steps", "150", "--axis", "seed=0:400", "--out", "out")
    assert (done.status, done.out, done.err) == (130, "", "")
    assert [job.state for job in jobs] == ["cancelled"]
    assert list(Path().iterdir()) == []


@pytest.fixture
def heard_keys() -> Iterator[None]:
    """A shell that starts the tests in its background lets them, and their children, ignore Ctrl-C: not here."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard_keys")
def test_ctrl_c_is_quiet_and_leaves_nothing(environment, tmp_path):
    command = [sys.executable, "-m", "dashboard", "grid", "--model", "tiny", "--prompt", "a", "--steps", "150"]
    process = subprocess.Popen(
        [*command, "--axis", "seed=0:400", "--out", "out"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not (tmp_path / "data").exists() and time.monotonic() < deadline:  # the engine makes it when it starts
        time.sleep(0.1)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "")
    assert [path.name for path in tmp_path.iterdir() if path.name != "data"] == []
