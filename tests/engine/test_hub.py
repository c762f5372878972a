"""Models from the hub: what is fetched, what is said when it cannot be, and what is checked ever after.

The hub's client is faked where it would go to the network; its cache on disk is its own, in a temporary folder.
"""

from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest
from asking import ask
from huggingface_hub import constants, errors

from dashboard.engine import Engine, JobFailed, ModelRegistry, ModelUnavailable, hub
from dashboard.engine.pins import Pins
from dashboard.engine.sources import list_sources

REPOSITORY = "somebody/tiny"
FIRST, SECOND = "1" * 40, "2" * 40


class FakeHub:
    """A hub with one repository, `files`, at `commit`. Its downloads land in the client's own cache."""

    def __init__(self, files: Path, cache: Path) -> None:
        self.files, self.cache, self.commit = files, cache, FIRST
        self.error: Exception | None = None
        self.stops_before: str | None = None  # the connection breaks before this file
        self.asked: list[tuple[str, str]] = []

    def model_info(self, repository: str, **_: object) -> SimpleNamespace:
        self.asked.append(("resolve", repository))
        if self.error is not None:
            raise self.error
        return SimpleNamespace(sha=self.commit)

    def snapshot_download(self, repository: str, *, revision: str, allow_patterns, dry_run: bool = False):
        from huggingface_hub.utils import filter_repo_objects

        if self.error is not None:
            raise self.error
        names = [path.relative_to(self.files).as_posix() for path in sorted(self.files.rglob("*")) if path.is_file()]
        names = list(filter_repo_objects(names, allow_patterns=allow_patterns))
        folder = self.cache / f"models--{repository.replace('/', '--')}" / "snapshots" / revision
        if dry_run:
            return [
                SimpleNamespace(file_size=(self.files / n).stat().st_size, will_download=not (folder / n).exists())
                for n in names
            ]
        self.asked.append(("fetch", revision))
        for name in names:
            if name == self.stops_before:
                raise ConnectionResetError("connection reset by peer")
            if not (folder / name).exists():
                self.asked.append(("file", name))
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(self.files / name, folder / name)
        return str(folder)


@pytest.fixture
def fake_hub(tiny_folder, tmp_path, monkeypatch) -> FakeHub:
    cache = tmp_path / "cache"
    cache.mkdir()
    fake = FakeHub(tiny_folder, cache)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.file_download.constants.HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(huggingface_hub, "snapshot_download", fake.snapshot_download)
    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", lambda self, *a, **k: fake.model_info(*a, **k))
    return fake


def registry(listed: str = REPOSITORY, record: Path | None = None) -> ModelRegistry:
    return ModelRegistry.build([f"tiny={listed}"], device="cpu", pins=Pins(record))


def http_error(kind: type[Exception], status: int) -> Exception:
    response = SimpleNamespace(status_code=status, headers={}, request=None)
    return kind("the hub's own words, of many lines", response=response)


REFUSALS = {
    "no network": (ConnectionError("no route to host"), "cannot be reached from here"),
    "no network, as the hub's client says it": (errors.LocalEntryNotFoundError("?"), "cannot be reached from here"),
    "too slow": (TimeoutError("timed out"), "cannot be reached from here"),
    "no token": (http_error(errors.HfHubHTTPError, 401), "set HF_TOKEN"),
    "token without rights": (http_error(errors.HfHubHTTPError, 403), "set HF_TOKEN"),
    "licence not accepted": (http_error(errors.GatedRepoError, 403), f"https://huggingface.co/{REPOSITORY}"),
    "unknown or private": (http_error(errors.RepositoryNotFoundError, 404), "no such model"),
    "no such revision": (http_error(errors.RevisionNotFoundError, 404), "no such revision"),
    "the hub is down": (http_error(errors.HfHubHTTPError, 503), "error 503"),
    "disabled": (http_error(errors.DisabledRepoError, 403), "has disabled it"),
    "disk full": (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
    "folder not ours": (PermissionError(errno.EACCES, "Permission denied"), "cannot be written"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_is_one_plain_sentence_and_nobody_waits_again(fake_hub, case):
    fake_hub.error, words = REFUSALS[case]
    models = registry()
    assert models.info("tiny").available  # nobody has asked the hub yet
    with pytest.raises(ModelUnavailable) as refusal:
        models.get("tiny")
    sentence = str(refusal.value)
    assert words in sentence and sentence.startswith(REPOSITORY) and sentence.endswith(".") and "\n" not in sentence
    fake_hub.error = None
    info = models.info("tiny")  # for a while
    assert not info.available and info.reason == sentence


def test_a_learner_hears_it_too(fake_hub):
    fake_hub.error = ConnectionError("no route")
    engine = Engine(registry())
    with pytest.raises(JobFailed, match="cannot be reached"):
        engine.submit([ask()]).results(timeout=30)
    engine.close()


def test_too_little_disk_is_said_before_anything_is_fetched(fake_hub, monkeypatch):
    monkeypatch.setattr(hub.shutil, "disk_usage", lambda _: SimpleNamespace(free=hub.ROOM_LEFT + 10))
    with pytest.raises(ModelUnavailable, match=r"needs 0\.0 GB of disk, and 0\.0 GB are free"):
        registry().get("tiny")
    assert not any(kind == "file" for kind, _ in fake_hub.asked)


def test_looking_never_goes_to_the_network(fake_hub):
    info = registry().info("tiny")
    assert info.available and "downloaded at its first use" in info.reason
    assert fake_hub.asked == []


def test_offline_is_said(fake_hub, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    info = registry().info("tiny")
    assert not info.available and "HF_HUB_OFFLINE" in info.reason
    with pytest.raises(ModelUnavailable):
        registry().get("tiny")
    assert fake_hub.asked == []


def test_the_tests_themselves_are_offline():
    assert hub.offline()


def test_a_downloaded_model_draws(fake_hub, make_engine, registry_result):
    models = registry()
    models.download("tiny")
    engine = make_engine(models)
    assert engine.submit([ask()]).results(timeout=60)[0].sha256 == registry_result


@pytest.fixture
def registry_result(make_engine) -> str:
    """What the same weights give from a folder."""
    return make_engine().submit([ask()]).results(timeout=60)[0].sha256


def test_only_safetensors_and_configs_are_fetched(fake_hub, tmp_path):
    fake_hub.files = shutil.copytree(fake_hub.files, tmp_path / "more")
    for name in ("unet/diffusion_pytorch_model.bin", "unet/evil.py", "README.md", "sd-v1-4.ckpt", "big.safetensors"):
        (fake_hub.files / name).write_text("x")
    registry().get("tiny")
    fetched = {name for kind, name in fake_hub.asked if kind == "file"}
    assert "unet/diffusion_pytorch_model.safetensors" in fetched and "tokenizer/tokenizer.json" in fetched
    assert not any(name.endswith((".bin", ".py", ".md", ".ckpt")) or name == "big.safetensors" for name in fetched)


def test_a_download_that_broke_off_goes_on_with_what_is_missing(fake_hub, monkeypatch):
    fake_hub.stops_before = "vae/diffusion_pytorch_model.safetensors"
    models = registry()
    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        models.get("tiny")
    fake_hub.stops_before, fake_hub.asked = None, []
    monkeypatch.setattr("dashboard.engine.model_files.RETRY_DOWNLOAD_SECONDS", 0.0)
    models.get("tiny")
    assert [name for kind, name in fake_hub.asked if kind == "file"] == ["vae/diffusion_pytorch_model.safetensors"]


def test_progress_counts_the_bytes_that_have_come(fake_hub):
    blobs = hub.cache_folder(REPOSITORY) / "blobs"
    blobs.mkdir(parents=True)
    (blobs / "old").write_bytes(b"x" * 100)
    download = hub.Download(REPOSITORY, total=1_000, before=100)
    assert download.done == 0
    (blobs / "new.1234.incomplete").write_bytes(b"x" * 400)
    assert download.done == 400
    (blobs / "new.1234.incomplete").write_bytes(b"x" * 4_000)  # never more than all
    assert download.done == 1_000


def test_a_running_download_can_be_watched(fake_hub, monkeypatch):
    models, seen = registry(), []
    plain = fake_hub.snapshot_download

    def watched(*args, **options):
        seen.append(models.downloads())
        return plain(*args, **options)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", watched)
    models.get("tiny")
    assert seen[0] == {} and seen[1]["tiny"].total > 10_000 and models.downloads() == {}


def test_the_engine_tells_how_far_a_download_is(fake_hub, monkeypatch, make_engine):
    models = registry()
    engine = make_engine(models)
    monkeypatch.setattr(models, "downloads", lambda: {"tiny": hub.Download(REPOSITORY, total=2_700_000_000, before=0)})
    assert engine.status().downloads == ("tiny, 0.0 of 2.7 GB",)


# ---- pins


def test_the_first_download_is_pinned_and_a_newer_commit_changes_nothing(fake_hub, tmp_path):
    record = tmp_path / "data" / "pins.json"
    registry(record=record).get("tiny")
    written = json.loads(record.read_text())[REPOSITORY]
    assert written["commit"] == FIRST and len(written["files"]["unet/diffusion_pytorch_model.safetensors"]) == 64
    fake_hub.commit, fake_hub.asked = SECOND, []
    registry(record=record).get("tiny")
    assert fake_hub.asked == []  # neither resolved nor fetched again


def test_a_lost_cache_is_fetched_again_at_the_same_commit(fake_hub, tmp_path):
    record = tmp_path / "pins.json"
    registry(record=record).get("tiny")
    shutil.rmtree(fake_hub.cache)
    fake_hub.cache.mkdir()
    fake_hub.commit, fake_hub.asked = SECOND, []
    registry(record=record).get("tiny")
    assert ("fetch", FIRST) in fake_hub.asked and ("resolve", REPOSITORY) not in fake_hub.asked


@pytest.mark.parametrize("name", ["unet/diffusion_pytorch_model.safetensors", "tokenizer/tokenizer.json"])
def test_a_file_that_changed_is_refused_ever_after(fake_hub, tmp_path, name):
    record = tmp_path / "pins.json"
    registry(record=record).get("tiny")
    file = hub.cache_folder(REPOSITORY) / "snapshots" / FIRST / name
    data = bytearray(file.read_bytes())
    data[-3] ^= 1
    file.write_bytes(data)
    with pytest.raises(ModelUnavailable, match=f"{name} has changed") as refusal:
        registry(record=record).get("tiny")
    assert str(record) in str(refusal.value)
    with pytest.raises(ModelUnavailable, match="has changed"):  # nor does the memo answer for it
        registry(record=record).weights_sha256("tiny")


def test_another_commit_at_a_listed_revision_is_refused(tmp_path):
    pins = Pins(tmp_path / "pins.json")
    pins.check("a/b@main", FIRST, {"x": "1"})
    pins.check("a/b@main", FIRST, {"x": "1"})
    with pytest.raises(ModelUnavailable, match="downloaded first"):
        pins.check("a/b@main", SECOND, {"x": "1"})


def test_a_variant_that_is_read_later_is_added(tmp_path):
    pins = Pins(tmp_path / "pins.json")
    pins.check("a/b", FIRST, {"unet.safetensors": "1"})
    pins.check("a/b", FIRST, {"unet.fp16.safetensors": "2"})
    assert dict(pins.get("a/b").files) == {"unet.safetensors": "1", "unet.fp16.safetensors": "2"}
    with pytest.raises(ModelUnavailable, match=r"unet\.safetensors has changed"):
        pins.check("a/b", FIRST, {"unet.safetensors": "3"})


@pytest.mark.parametrize("text", ["{", "[]", '{"a/b": 3}', '{"a/b": {"commit": "1"}}'])
def test_a_record_that_cannot_be_read_is_not_taken_for_an_empty_one(tmp_path, text):
    (tmp_path / "pins.json").write_text(text)
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        Pins(tmp_path / "pins.json").get("a/b")


def test_a_record_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelUnavailable, match="cannot be written"):
        Pins(tmp_path / "file" / "pins.json").check("a/b", FIRST, {})


def test_a_listed_commit_is_fetched_as_it_stands(fake_hub):
    registry(f"{REPOSITORY}@{SECOND}").get("tiny")
    assert ("fetch", SECOND) in fake_hub.asked and ("resolve", REPOSITORY) not in fake_hub.asked


def test_no_safetensors_at_all_is_said(fake_hub, tmp_path):
    fake_hub.files = shutil.copytree(fake_hub.files, tmp_path / "pickles")
    for file in fake_hub.files.rglob("*.safetensors"):
        file.rename(file.with_suffix(".bin"))
    with pytest.raises(ModelUnavailable, match="no safetensors weights"):
        registry().get("tiny")


def test_on_a_graphics_card_the_small_files_are_preferred(fake_hub, tmp_path):
    """Described only: nothing is loaded on a card that is not there."""
    fake_hub.files = shutil.copytree(fake_hub.files, tmp_path / "both")
    for file in list(fake_hub.files.rglob("*.safetensors")):
        shutil.copy(file, file.with_name(f"{file.stem}.fp16.safetensors"))
    models = ModelRegistry(list_sources(tmp_path / "pocket", [f"tiny={REPOSITORY}"], gpu=True), device="cuda")
    models.download("tiny")
    fetched = {name for kind, name in fake_hub.asked if kind == "file"}
    weights = {name for name in fetched if name.endswith(".safetensors")}
    assert weights and all(name.endswith(".fp16.safetensors") for name in weights)
    assert (models.info("tiny").dtype, models.info("tiny").available) == ("float16", True)


def test_reading_a_prompt_downloads_nothing(fake_hub):
    with pytest.raises(ModelUnavailable, match=r"draw an image with it first\.$"):
        registry().reader("tiny")
    assert fake_hub.asked == []
