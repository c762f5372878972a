"""How long a U-Net row takes here, learned as the engine runs."""

from __future__ import annotations

from dashboard.engine.requests import ImageRequest

GUESS = 0.05  # seconds a row, for a model that has not run yet
MEMORY = 0.8  # weight of the past in the moving average


class Pace:
    """Moving average of the seconds a row, by model, dtype and size."""

    def __init__(self) -> None:
        self._row_seconds: dict[tuple[object, ...], float] = {}

    @property
    def measured(self) -> bool:
        """Whether anything ran yet; before, `seconds` only guesses."""
        return bool(self._row_seconds)

    def note(self, request: ImageRequest, seconds: float) -> None:
        """A row of this request took `seconds`."""
        past = self._row_seconds.get(_kind(request), seconds)
        self._row_seconds[_kind(request)] = MEMORY * past + (1 - MEMORY) * seconds

    def seconds(self, request: ImageRequest, rows: int) -> float:
        """What `rows` of this request will take."""
        return rows * self._row_seconds.get(_kind(request), GUESS)


def _kind(request: ImageRequest) -> tuple[object, ...]:
    return request.model, request.dtype, request.height, request.width
