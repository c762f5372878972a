"""What can go wrong, as types. Every message is one plain sentence that a learner can read."""

from __future__ import annotations


class UnknownModel(ValueError):
    """No model with that id is listed on this server."""


class ModelUnavailable(RuntimeError):
    """The model is listed but cannot run here; the message says why."""


class QueueFull(RuntimeError):
    """Too many images are waiting. `retry_after` says in how many seconds to try again."""

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after  # seconds


class ConsultFailed(RuntimeError):
    """A short look at a model could not be taken."""


class JobFailed(RuntimeError):
    """The job stopped with an error. `retry` says whether the same job may work later."""

    def __init__(self, message: str, *, retry: bool = False) -> None:
        super().__init__(message)
        self.retry = retry


class JobCancelled(RuntimeError):
    """Somebody cancelled the job before it was done."""
