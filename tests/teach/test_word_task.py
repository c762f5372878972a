"""Teaching moves one vector and nothing else, and what it learns holds on noise that it never practised on."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from dashboard.engine import LearnedWord
from dashboard.teach import Student, WordTask, teach_word


def test_every_step_is_told_and_only_the_vector_moves(student: Student, task: WordTask) -> None:
    before = [parameter.clone() for parameter in student._unet.parameters()]
    table = student._text_encoder.get_input_embeddings().weight.clone()
    progress = list(teach_word(student, task))
    assert [p.step for p in progress] == list(range(11))
    assert progress[0].loss is None and all(p.loss is not None for p in progress[1:])
    assert [p.step for p in progress if p.exam is not None] == [0, 10]
    assert [p.last for p in progress] == [False] * 10 + [True]
    assert all(isinstance(p.word, LearnedWord) and p.word.token == "<star>" for p in progress)
    assert torch.equal(progress[0].word.tensor(), student.embedding("owl")), "it starts as the start word"
    assert progress[-1].word != progress[0].word
    assert all(torch.equal(a, b) for a, b in zip(before, student._unet.parameters(), strict=True))
    assert torch.equal(table, student._text_encoder.get_input_embeddings().weight)


def test_the_error_on_noise_it_never_practised_on_falls(student: Student, task: WordTask) -> None:
    longer = dataclasses.replace(task, steps=60)
    exams = [p.exam for p in teach_word(student, longer, max_seconds=600) if p.exam is not None]
    assert len(exams) == 4 and exams[-1] < exams[0]


def test_the_same_task_gives_the_same_word(student: Student, task: WordTask) -> None:
    first, again = (list(teach_word(student, task))[-1].word for _ in range(2))
    other = list(teach_word(student, dataclasses.replace(task, seed=1)))[-1].word
    assert first == again != other


def test_it_stops_when_the_time_is_up(student: Student, task: WordTask) -> None:
    (only,) = teach_word(student, task, max_seconds=0.0)
    assert only.last and only.step == 0 and only.exam is not None


def test_the_noise_error_is_the_models_own_loss(student: Student, tiny_folder, task: WordTask) -> None:
    """Against diffusers: its scheduler adds the noise, its pipeline's networks predict it; noisier ones count more."""
    from diffusers import DDPMScheduler, StableDiffusionPipeline

    pipe = StableDiffusionPipeline.from_pretrained(tiny_folder, safety_checker=None)
    word = LearnedWord.from_tensor("<star>", torch.randn(32, generator=torch.Generator().manual_seed(3)))
    pipe.load_textual_inversion({word.token: word.tensor()})
    latents = student.latents(task.pictures)
    noise, timesteps = (
        torch.randn(latents.shape, generator=torch.Generator().manual_seed(4)),
        torch.tensor([9, 300, 600, 990]),
    )
    ids = student.ids(["a photo of a <star>"], "<star>").expand(4, -1)
    ours = student.noise_errors(word.tensor(), ids, latents, noise, timesteps)
    noisy = DDPMScheduler.from_config(pipe.scheduler.config).add_noise(latents, noise, timesteps)
    with torch.no_grad():
        text, _ = pipe.encode_prompt("a photo of a <star>", "cpu", 1, False)
        predicted = pipe.unet(noisy, timesteps, text.expand(4, -1, -1)).sample
    level = DDPMScheduler.from_config(pipe.scheduler.config).alphas_cumprod
    weights = (1 / level - 1).clamp(max=10)
    plain = (predicted - noise).square().mean(dim=(1, 2, 3))
    assert torch.allclose(ours, plain * weights[timesteps] / weights.mean(), rtol=1e-4)


def test_a_vector_is_never_longer_than_the_models_own_are(student: Student) -> None:
    long, short = torch.full((32,), 9.0), torch.full((32,), 1e-4)
    student.shorten(long)
    student.shorten(short)
    usual = torch.stack([student.embedding(word) for word in ("star", "house", "red")]).norm(dim=1)
    assert 0.5 * usual.min() < long.norm() < 2 * usual.max()
    assert torch.allclose(long, long[:1].expand(32)) and torch.equal(short, torch.full((32,), 1e-4))


@pytest.mark.parametrize(
    "change",
    [
        {"token": "star"},
        {"start_word": " "},
        {"start_word": "x" * 61},
        {"setting": "{0}"},
        {"setting": "x" * 61},
        {"pictures": ()},
        {"pictures": (b"",) * 9},
        {"pictures": ("text",)},
        {"steps": 9},
        {"steps": 401},
        {"steps": 20.5},
        {"seed": -1},
    ],
)
def test_a_bad_task_is_refused(task: WordTask, change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\."):
        dataclasses.replace(task, **change)


def test_a_picture_of_another_size_is_refused(student: Student, task: WordTask) -> None:
    with pytest.raises(ValueError, match="32 x 32 pixels"):
        next(teach_word(student, dataclasses.replace(task, pictures=(b"123",))))


def test_everything_that_matters_is_in_the_key(task: WordTask) -> None:
    others = [
        {"token": "<a>"},
        {"start_word": "a"},
        {"steps": 20},
        {"seed": 5},
        {"setting": "x"},
        {"pictures": task.pictures[:1]},
    ]
    keys = {task.key("w"), task.key("v"), *(dataclasses.replace(task, **change).key("w") for change in others)}
    assert len(keys) == 8
