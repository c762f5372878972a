"""Which restorers this server has: Pocket's own always, others as the operator's settings say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from dashboard.faces.local_restorer import LocalRestorer
from dashboard.faces.operator_files import FacesUnavailable, OperatorFile
from dashboard.faces.pocket_restorer import PocketRestorer
from dashboard.faces.remote import RemoteRestorer
from dashboard.faces.restoration import Restorer
from dashboard.faces.yunet import YuNet
from dashboard.settings import Settings

POCKET, LOCAL, REMOTE = "pocket", "local", "remote"


@dataclass(frozen=True)
class Restorers:
    """Those that work, by id, Pocket's own first; and why others that were asked for do not."""

    usable: dict[str, Restorer]
    problems: tuple[str, ...] = field(default=())


def build_restorers(settings: Settings) -> Restorers:
    """Everything that the settings name. Loading a local restorer takes seconds."""
    usable: dict[str, Restorer] = {POCKET: PocketRestorer()}
    problems: list[str] = []
    for key, make in _wanted(settings).items():
        try:
            usable[key] = make()
        except (FacesUnavailable, ValueError) as error:
            problems.append(str(error))
    return Restorers(usable, tuple(problems))


def _wanted(settings: Settings) -> dict[str, Callable[[], Restorer]]:
    wanted: dict[str, Callable[[], Restorer]] = {}
    if settings.faces_weights:
        wanted[LOCAL] = lambda: _local(settings)
    if settings.faces_api:
        wanted[REMOTE] = lambda: RemoteRestorer(settings.faces_api, settings.faces_timeout)
    return wanted


def _local(settings: Settings) -> Restorer:
    finder = YuNet(OperatorFile.parse(settings.faces_finder).check()) if settings.faces_finder else None
    return LocalRestorer(OperatorFile.parse(settings.faces_weights), finder)
