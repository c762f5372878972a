"""Loading models beside the worker, so that images of other models go on meanwhile."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from dashboard.engine.errors import ModelUnavailable, UnknownModel
from dashboard.engine.models import LoadedModel
from dashboard.engine.registry import ModelRegistry

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refusal:
    """The model could not be loaded, in one sentence."""

    message: str


class Loader:
    """Thread-safe."""

    def __init__(self, models: ModelRegistry, on_change: Callable[[], None]) -> None:
        """`on_change` is called, from the loading thread, when a model is there or was refused."""
        self._models, self._on_change = models, on_change
        self._outcomes: dict[tuple[str, str], LoadedModel | Refusal | None] = {}  # None: on its way
        self._lock = threading.Lock()

    @property
    def loading(self) -> bool:
        with self._lock:
            return None in self._outcomes.values()

    def outcome(self, model_id: str, dtype: str) -> LoadedModel | Refusal | None:
        """The model with its networks in `dtype` loaded; None while that is going on. A refusal is told once."""
        wanted = (model_id, dtype)
        with self._lock:
            if wanted not in self._outcomes:
                self._outcomes[wanted] = None
                threading.Thread(target=self._load, args=wanted, name=f"load {model_id}", daemon=True).start()
            outcome = self._outcomes[wanted]
            if isinstance(outcome, Refusal):
                del self._outcomes[wanted]  # the next request tries again
            return outcome

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
