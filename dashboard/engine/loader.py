"""Loading models beside the worker, so that images of other models go on meanwhile, and unloading them for others.

At most so many models are in memory. One that nobody wants goes first; where all are wanted, the one that has had its
turn finishes the images that it has started, starts no others, and goes.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Set
from dataclasses import dataclass

from dashboard.engine.catalogue import OURS
from dashboard.engine.errors import ModelUnavailable, UnknownModel
from dashboard.engine.models import LoadedModel
from dashboard.engine.registry import ModelRegistry

TURN_SECONDS = 30.0  # that a model may keep its place while another waits for it: swapping takes seconds

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refusal:
    """The model could not be loaded, in one sentence."""

    message: str


class Loader:
    """Thread-safe."""

    def __init__(self, models: ModelRegistry, on_change: Callable[[], None], *, max_models: int) -> None:
        """`on_change` is called, from the loading thread, when a model is there or was refused."""
        self._models, self._on_change, self._max_models = models, on_change, max_models
        self._wanted_at: dict[str, float] = {}  # by model id, when it was last wanted
        self._waiting_since: dict[str, float] = {}  # by model id, of those that are not in memory
        self._admitted: set[str] = set()
        self._began_at: dict[str, float] = {}  # by model id, when its turn began, with its first image
        self._outcomes: dict[tuple[str, str], LoadedModel | Refusal | None] = {}  # None: on its way
        self._lock = threading.Lock()

    @property
    def loading(self) -> bool:
        with self._lock:
            return None in self._outcomes.values()

    def make_room(self, wanted: Set[str], started: Set[str]) -> set[str]:
        """Unload models if others wait for their place; the ids of those that must start no more images.

        `wanted`: ids of the models with work to do; `started`: of those with images half done, never unloaded.
        """
        now = time.monotonic()
        self._forget_refusals(wanted)
        self._wanted_at |= dict.fromkeys(wanted, now)
        self._began_at = dict.fromkeys(started, now) | self._began_at
        surplus = len((self._resident() | wanted) - OURS) - self._max_models
        leaving: set[str] = set()
        for model_id in sorted(self._loaded() - OURS, key=lambda i: (i in wanted, self._wanted_at.get(i, 0.0))):
            if surplus <= 0:
                break
            began = self._began_at.get(model_id)
            if model_id in wanted and (began is None or now - began < TURN_SECONDS):
                continue
            surplus -= 1
            if model_id in started:
                leaving.add(model_id)
            else:
                self._unload(model_id)
        self._admit(wanted, now)
        return leaving

    def outcome(self, model_id: str, dtype: str) -> LoadedModel | Refusal | None:
        """The model with its networks in `dtype` loaded; None while that is going on, or while there is no room.

        A refusal is told once.
        """
        wanted = (model_id, dtype)
        resident = self._resident()
        with self._lock:
            if model_id not in resident and model_id not in self._admitted:
                return None
            if wanted not in self._outcomes:
                self._outcomes[wanted] = None
                threading.Thread(target=self._load, args=wanted, name=f"load {model_id}", daemon=True).start()
            outcome = self._outcomes[wanted]
            if isinstance(outcome, Refusal):
                del self._outcomes[wanted]  # the next request tries again
            return outcome

    def _forget_refusals(self, wanted: Set[str]) -> None:
        """A refusal that nobody waits for any more would keep a place, and be told to somebody who asks much later."""
        with self._lock:
            for key, outcome in list(self._outcomes.items()):
                if isinstance(outcome, Refusal) and key[0] not in wanted:
                    del self._outcomes[key]

    def _admit(self, wanted: Set[str], now: float) -> None:
        """What may be loaded now: ours, and as many others as there is room for, the longest waiting first."""
        resident = self._resident()
        missing = wanted - resident
        self._waiting_since = {i: self._waiting_since.get(i, now) for i in missing}
        room = max(0, self._max_models - len(resident - OURS))
        others = sorted(missing - OURS, key=self._waiting_since.__getitem__)[:room]
        self._admitted = {*(missing & OURS), *others}

    def _resident(self) -> set[str]:
        """Ids of the models in memory or on their way."""
        with self._lock:
            return {model_id for model_id, _ in self._outcomes} | set(self._models.loaded_ids())

    def _loaded(self) -> set[str]:
        """Ids of the models in memory, those left out of which another dtype is on its way."""
        with self._lock:
            return set(self._models.loaded_ids()) - {i for (i, _), outcome in self._outcomes.items() if outcome is None}

    def _unload(self, model_id: str) -> None:
        with self._lock:
            for key in [key for key in self._outcomes if key[0] == model_id]:
                del self._outcomes[key]
        self._began_at.pop(model_id, None)
        self._models.unload(model_id)
        logger.info("%s was unloaded.", model_id)

    def _load(self, model_id: str, dtype: str) -> None:
        outcome: LoadedModel | Refusal
        try:
            outcome = self._models.get(model_id)
            outcome.networks(dtype)
        except (ModelUnavailable, UnknownModel) as error:
            outcome = Refusal(str(error))
        except Exception as error:  # a thread that died silently would leave every job of this model waiting
            logger.exception("Loading %s failed.", model_id)
            outcome = Refusal(f"The model {model_id} could not be loaded ({type(error).__name__}).")
        with self._lock:
            self._outcomes[model_id, dtype] = outcome
        self._on_change()
