"""What the server remembers of a learner, and how a guess is scored."""

from __future__ import annotations

import pytest

from dashboard.ui.records import Guess, RecordBook
from dashboard.ui.session import is_token, new_token


@pytest.mark.parametrize(("confidence", "right", "wrong"), [(100, 100, 0), (60, 84, 64), (50, 75, 75)])
def test_sure_and_wrong_costs_most(confidence: int, right: int, wrong: int) -> None:
    guess = Guess(option=1, confidence=confidence)
    assert guess.points(1) == right and guess.points(0) == wrong


def test_learners_are_kept_apart_and_found_again() -> None:
    book = RecordBook()
    book.of("one", "seeds").ran.add("grid")
    assert book.of("one", "seeds").ran == {"grid"}
    assert not book.of("two", "seeds").ran and not book.of("one", "steps").ran


def test_the_least_recently_seen_is_forgotten() -> None:
    book = RecordBook(max_learners=2)
    for token in ("one", "two"):
        book.of(token, "seeds").notes = token
    book.of("one", "seeds")
    book.of("three", "seeds")
    assert book.of("one", "seeds").notes == "one"
    assert book.of("two", "seeds").notes == ""


def test_tokens_are_random_and_known_by_their_form() -> None:
    assert new_token() != new_token() and is_token(new_token())
    assert not any(map(is_token, (None, "", "abc", "x" * 32, new_token() + "0", new_token().upper() + "G")))
