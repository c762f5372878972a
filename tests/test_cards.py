"""The card checker: Pocket's own card, a card without answers, and hostile files."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.cards import MAX_CARD_BYTES, QUESTIONS, check_card, find_card, read_card
from dashboard.pocket import WEIGHTS_FOLDER

ANSWERS = {
    "data": "The model was trained on 24,000 drawings.",
    "licence": "license: apache-2.0",
    "use": "## Intended uses",
    "limits": "It cannot draw hands.",
    "bias": "Most doctors in the data are men, so expect stereotypes.",
    "evaluation": "FID on the validation set: 12.6.",
    "example": "pipe = StableDiffusionPipeline.from_pretrained(...)",
}


def answered(text: str) -> set[str]:
    return {answer.question.key for answer in check_card(text) if answer.answered}


def test_pockets_card_is_found_and_answers_most_questions() -> None:
    card = find_card(WEIGHTS_FOLDER)
    assert card is not None
    text = read_card(card)
    assert {"data", "limits", "bias", "evaluation", "example"} <= answered(text)
    for answer in check_card(text):
        for line in answer.lines:
            assert text.splitlines()[line.number - 1].strip() == line.text


def test_each_answer_answers_its_own_question_and_only_that() -> None:
    assert set(ANSWERS) == {question.key for question in QUESTIONS}
    for key, line in ANSWERS.items():
        assert answered(f"# A model\n\n{line}\n") == {key}


@pytest.mark.parametrize("text", ["", "# My model\n\nIt draws lovely pictures. Enjoy!\n", "\0\n" * 50])
def test_a_card_that_says_nothing_answers_nothing(text: str) -> None:
    assert answered(text) == set()


def test_a_folder_without_a_card_has_none(tmp_path: Path) -> None:
    assert find_card(tmp_path) is None
    (tmp_path / "README.md").write_text("x", encoding="utf-8")
    assert find_card(tmp_path) == tmp_path / "README.md"
    inner = tmp_path / "unet"
    inner.mkdir()
    assert find_card(inner) is None, "a folder above belongs to somebody else"


def test_files_that_are_no_cards_get_a_sentence(tmp_path: Path) -> None:
    large, binary = tmp_path / "README.md", tmp_path / "MODEL_CARD.md"
    large.write_bytes(b"x" * (MAX_CARD_BYTES + 1))
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="too large"):
        read_card(large)
    with pytest.raises(ValueError, match="cannot be read as text"):
        read_card(binary)
