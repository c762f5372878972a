"""Finished images on disk, found again by the hash of everything they were made from.

One file an image: 32 bytes SHA-256 of the rest, 4 bytes length n, n bytes of JSON (the result without its pixels), the
RGB bytes. Written beside its place and moved in one step, so that a reader, or another process, sees a whole file or
none. A file that is not what it should be counts as absent. The least recently used go first.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import os
import tempfile
import threading
from pathlib import Path
from typing import Any

from dashboard.engine.requests import ImageRequest
from dashboard.engine.results import ImageResult

logger = logging.getLogger(__name__)

TRIM_TO = 0.9  # of the bound, so that not every new image has to make room


class Memo:
    """Thread-safe; several processes may share a folder (each holds to the bound as far as it saw)."""

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        """`max_bytes` 0 keeps nothing."""
        self.folder = folder
        self.max_bytes = max_bytes
        self._lock = threading.Lock()
        self._bytes = sum(size for _, size, _ in self._files())

    def get(self, key: str) -> ImageResult | None:
        """The image made from what `key` was hashed from, or None. Marks it as just used."""
        if self.max_bytes == 0:  # off: what earlier runs left stays unread
            return None
        path = self._path(key)
        try:
            result = _unpack(path.read_bytes())
            os.utime(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            logger.warning("The memo cannot be read: %s", error)
            return None
        except (ValueError, TypeError, KeyError) as error:
            logger.warning("A damaged memo entry is dropped: %s", error)
            self._remove(path)
            return None
        return result

    def put(self, key: str, result: ImageResult) -> None:
        """Keep the image. A full or read-only disk is logged and otherwise ignored: the memo only saves time."""
        data = _pack(result)
        if len(data) > self.max_bytes:
            return
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            before = path.stat().st_size if path.exists() else 0
            _write_whole(path, data)
        except OSError as error:
            logger.warning("The memo cannot be written: %s", error)
            return
        with self._lock:
            self._bytes += len(data) - before
            if self._bytes > self.max_bytes:
                self._trim()

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / key

    def _files(self) -> list[tuple[float, int, Path]]:
        """(last used, bytes, path) of every entry."""
        found = []
        for path in self.folder.glob("??/*"):
            try:
                status = path.stat()
            except OSError:  # another process removed it meanwhile
                continue
            found.append((status.st_mtime, status.st_size, path))
        return found

    def _trim(self) -> None:
        files = sorted(self._files())
        self._bytes = sum(size for _, size, _ in files)
        for _, size, path in files:
            if self._bytes <= self.max_bytes * TRIM_TO:
                return
            self._remove(path)
            self._bytes -= size

    def _remove(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            logger.warning("The memo cannot remove an entry: %s", error)


def content_key(**ingredients: object) -> str:
    """Hash of everything that an image depends on; JSON-able values, by name."""
    text = json.dumps(ingredients, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _pack(result: ImageResult) -> bytes:
    fields: dict[str, Any] = {f.name: getattr(result, f.name) for f in dataclasses.fields(result) if f.name != "trace"}
    rgb = fields.pop("rgb")
    fields["request"] = result.request.as_dict()
    fields["versions"], fields["scheduler_config"] = dict(result.versions), dict(result.scheduler_config)
    head = json.dumps(fields).encode()
    rest = len(head).to_bytes(4, "little") + head + rgb
    return hashlib.sha256(rest).digest() + rest


def _unpack(data: bytes) -> ImageResult:
    """ValueError, TypeError or KeyError unless `data` is what `_pack` gives."""
    digest, rest = data[:32], data[32:]
    if hashlib.sha256(rest).digest() != digest:
        raise ValueError("its hash does not match")
    length = int.from_bytes(rest[:4], "little")
    fields = json.loads(rest[4 : 4 + length])
    fields["request"] = ImageRequest.from_dict(fields["request"])
    return dataclasses.replace(ImageResult(rgb=rest[4 + length :], **fields), from_memo=True)


def _write_whole(path: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
