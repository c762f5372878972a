"""Short looks at a model that the worker takes between its ticks, for whoever waits for the future."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dashboard.engine.errors import ConsultFailed
from dashboard.engine.memory import is_out_of_memory

if TYPE_CHECKING:
    from dashboard.engine.models import LoadedModel

logger = logging.getLogger(__name__)

MAX_CONSULTS_WAITING = 256


@dataclass(frozen=True, eq=False)
class Consult:
    """One look, and the future that its answer goes to."""

    wanted: tuple[str, str]  # model id, dtype
    work: Callable[[LoadedModel], Any]
    future: Future[Any] = field(default_factory=Future)

    def run(self, model: LoadedModel) -> None:
        """Take the look now. Whatever goes wrong goes to the future, as one sentence."""
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            answer = self.work(model)
        except ConsultFailed as error:
            self.future.set_exception(error)
        except Exception as error:  # the work is the caller's: whatever it raises must not stop the worker
            logger.exception("A look at a model failed.")
            failure = ConsultFailed(_sentence(error))
            failure.__cause__ = error
            self.future.set_exception(failure)
        else:
            self.future.set_result(answer)

    def fail(self, error: Exception) -> None:
        """The look will not be taken."""
        if self.future.set_running_or_notify_cancel():
            self.future.set_exception(error)


def _sentence(error: Exception) -> str:
    if is_out_of_memory(error):
        return "There was not enough memory for this look at the model; try a smaller picture, or later."
    return f"The model could not be looked at, because of an error in the engine ({type(error).__name__})."
