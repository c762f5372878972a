"""Files appear whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from dashboard.cli.files import folder_at_once, writable_file, writable_folder, write_file


@pytest.mark.parametrize(
    "name", ["missing/a.png", "a.jpg", "a", "folder.png", "pipe.png", "file.png/a.png", "x" * 300 + ".png", "\0.png"]
)
def test_files_that_cannot_be_written_are_refused_first(tmp_path, name):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file.png").write_bytes(b"old")
    os.mkfifo(tmp_path / "pipe.png")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ValueError):
        writable_file(f"{tmp_path}/{name}", ".png")
    assert sorted(tmp_path.rglob("*")) == before


def test_devices_are_never_replaced():
    with pytest.raises(ValueError, match="end in"):
        writable_file("/dev/null", ".png")
    with pytest.raises(ValueError, match="ordinary file"):
        writable_file("/dev/null", "")


@pytest.mark.parametrize("path", ["/proc/x.png", "/dev/null/x.png"])
def test_folders_that_take_no_files(path):
    with pytest.raises(ValueError):
        writable_file(path, ".png")


def test_write_replaces_at_once_with_usual_permissions(tmp_path):
    path = writable_file(str(tmp_path / "a.png"), ".png")
    path.write_bytes(b"old")
    write_file(path, b"new")
    assert path.read_bytes() == b"new" and list(tmp_path.iterdir()) == [path]
    plain = tmp_path / "plain"
    plain.touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_file(path, b"new")
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_folder_appears_whole(tmp_path):
    target = writable_folder(str(tmp_path / "out"))
    assert not target.exists()
    with folder_at_once(target, replaces="*.old") as temporary:
        (temporary / "a").write_text("1")
        assert not target.exists()
    assert (target / "a").read_text() == "1" and list(tmp_path.iterdir()) == [target]
    assert stat.S_IMODE(target.stat().st_mode) & 0o055 == 0o055 & ~_umask()


def test_a_failed_folder_leaves_nothing(tmp_path):
    target = tmp_path / "out"
    with pytest.raises(OSError), folder_at_once(target, replaces="*.old") as temporary:
        (temporary / "a").write_text("1")
        raise OSError("No space left on device")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["missing/out", "file", "file/out", "x" * 300])
def test_folders_that_cannot_be_made_are_refused_first(tmp_path, name):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ValueError):
        writable_folder(f"{tmp_path}/{name}")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
