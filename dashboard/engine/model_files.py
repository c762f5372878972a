"""Finding a listed model's files: on this machine, in the hub's cache, or on the hub. Checked before anything loads."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dashboard.engine import hub
from dashboard.engine.errors import ModelUnavailable
from dashboard.engine.folders import ModelFolder, hash_file, inspect_folder, one_hash
from dashboard.engine.pins import Pins
from dashboard.engine.safetensors_header import check_safetensors
from dashboard.engine.sources import Place, Source

RETRY_DOWNLOAD_SECONDS = 60.0  # a network may come back; until then nobody waits for it again


@dataclass(frozen=True)
class ModelFiles:
    """A checked folder and, for some models, a checked file of changes to its weights."""

    folder: ModelFolder
    lora: Path | None = None

    def weights_sha256(self) -> str:
        """One hash of everything that loading reads; seconds for gigabytes the first time, then remembered."""
        whole = self.folder.weights_sha256()
        return one_hash({"base": whole, "lora": hash_file(self.lora)}) if self.lora else whole


class FileFinder:
    """Thread-safe."""

    def __init__(self, pins: Pins, *, variant: str | None) -> None:
        """`variant`: of the weights' files, "fp16", where a model has it."""
        self._pins, self._variant = pins, variant
        self._failures: dict[str, tuple[float, str]] = {}  # by model id: when and why the last download failed
        self._downloads: dict[str, hub.Download] = {}  # by model id
        self._resolved: dict[str, str] = {}  # by repository without a pin: the commit that was found on the hub
        self._lock = threading.Lock()

    def find(self, source: Source) -> ModelFiles | None:
        """What is here; None if the hub must be asked first. `ModelUnavailable` if it cannot be used or had."""
        files = self._here(source)
        if files is not None:
            return files
        if hub.offline():
            raise ModelUnavailable(f"{source.about.name} is not on this server; HF_HUB_OFFLINE forbids to fetch it.")
        failed_at, reason = self._failures.get(source.id, (-math.inf, ""))
        if time.monotonic() - failed_at < RETRY_DOWNLOAD_SECONDS:
            raise ModelUnavailable(reason)
        return None

    def fetch(self, source: Source) -> ModelFiles:
        """Download what is not here. `ModelUnavailable`, one sentence, which is remembered for a while."""
        try:
            for place, wanted in self._wanted(source):
                self._download(source.id, place, wanted)
                files = self._here(source)
                if files is not None:
                    return files
            raise ModelUnavailable(f"{source.about.name} was downloaded, but it has no safetensors weights.")
        except ModelUnavailable as failure:
            self._failures[source.id] = (time.monotonic(), str(failure))
            raise

    def check(self, source: Source, files: ModelFiles) -> None:
        """Record the first time what a hub model or a single file is; `ModelUnavailable` if it is another later."""
        if source.place.repository:
            commit = hub.commit_of(files.folder.path)
            self._pins.check(_key(source.place), commit, files.folder.files_sha256())
        elif files.folder.file is not None:
            self._pins.check(str(files.folder.file.absolute()), "", files.folder.files_sha256())
        if source.lora is not None and source.lora.repository and files.lora is not None:
            hashes = {files.lora.name: hash_file(files.lora)}
            self._pins.check(_key(source.lora), hub.commit_of(files.lora), hashes)

    def downloads(self) -> Mapping[str, hub.Download]:
        """What is on its way, by model id."""
        with self._lock:
            return dict(self._downloads)

    # ---- inside

    def _here(self, source: Source) -> ModelFiles | None:
        folder = self._folder(source.place)
        lora = self._lora(source.lora) if source.lora else None
        whole = folder is not None and (lora is not None or source.lora is None)
        return ModelFiles(folder, lora) if folder is not None and whole else None

    def _folder(self, place: Place) -> ModelFolder | None:
        if place.path is not None:
            return _on_this_machine(place.path, place.configs, self._variant)
        commit = self._commit(place)
        for variant in dict.fromkeys((self._variant, None)):
            path = hub.cached_folder(place.repository, commit, variant=variant) if commit else None
            if path is not None:
                try:
                    return inspect_folder(path, variant=variant)
                except ModelUnavailable:
                    if self._pins.get(_key(place)) is not None or hub.offline():
                        raise
                    return None  # a download that broke off: it goes on
        return None

    def _lora(self, place: Place) -> Path | None:
        commit = self._commit(place)
        file = place.path or (hub.cached_lora(place.repository, commit) if commit else None)
        if file is None:
            return None
        if not file.is_file():
            raise ModelUnavailable(f"There is no file {file.name!r}.")
        check_safetensors(file)
        return file

    def _commit(self, place: Place) -> str:
        """The commit to use: the listed one, else the one that was downloaded first; empty before that."""
        if place.revision or place.path is not None:
            return place.revision
        pin = self._pins.get(_key(place))
        return pin.commit if pin is not None else self._resolved.get(place.repository, "")

    def _wanted(self, source: Source) -> Iterator[tuple[Place, list[str]]]:
        """What to download, in turn, until the model is whole."""
        if source.lora is not None and self._lora(source.lora) is None:
            yield source.lora, [hub.LORA_FILE]
        if source.place.repository:
            for variant in dict.fromkeys((self._variant, None)):
                yield source.place, hub.wanted_files(variant)

    def _download(self, model_id: str, place: Place, wanted: list[str]) -> None:
        commit = self._commit(place)
        if not commit:
            commit = self._resolved[place.repository] = hub.resolve(place.repository)
        download = hub.begin(place.repository, commit, wanted)
        with self._lock:
            self._downloads[model_id] = download
        try:
            hub.fetch(place.repository, commit, wanted)
        finally:
            with self._lock:
                del self._downloads[model_id]


def _key(place: Place) -> str:
    return f"{place.repository}@{place.revision}" if place.revision else place.repository


def _on_this_machine(path: Path, configs: Path | None, variant: str | None) -> ModelFolder:
    """A folder, or one file with the folder that its configs come from. `ModelUnavailable`."""
    if configs is not None:
        if not path.is_file():
            raise ModelUnavailable(f"There is no file {path.name!r}.")
        return inspect_folder(configs, file=path)
    if path.is_file() and path.suffix != ".safetensors":
        raise ModelUnavailable(
            f"{path.name} is no safetensors file; other files of weights can run code, so none is read."
        )
    if path.is_file():
        raise ModelUnavailable(
            f"{path.name} is a single file, which holds no tokenizer and no configs: list it as {path.name}@folder, "
            "with the folder of a model of the same kind, whose weights may be missing."
        )
    return inspect_folder(path, variant=variant)
