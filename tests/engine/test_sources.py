"""The operator's list of models, and the catalogue of those that this project knows by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dashboard.engine import SCHEDULERS, ModelRegistry
from dashboard.engine.catalogue import CATALOGUE, POCKET, POCKET_FAST
from dashboard.engine.sources import DEFAULT_HUB_MODEL, list_sources, parse_source

HUB_ID = "stable-diffusion-v1-4"
COMMIT = "133a221b8aa7292a167afc5127cb63fb5005638b"


@pytest.mark.parametrize(
    ("text", "id_", "shown", "revision"),
    [
        ("a/b@1234", "b", "a/b", "1234"),
        ("mine=a/b@1234", "mine", "a/b", "1234"),
        ("a/b", "b", "a/b", ""),
        ("CompVis/stable-diffusion-v1-4", HUB_ID, "CompVis/stable-diffusion-v1-4", COMMIT),
        ("CompVis/stable-diffusion-v1-4@abcd", HUB_ID, "CompVis/stable-diffusion-v1-4", "abcd"),
        ("sd-turbo", "sd-turbo", "stabilityai/sd-turbo", CATALOGUE["stabilityai/sd-turbo"].revision),
        ("/srv/models/tiny", "tiny", "/srv/models/tiny", ""),
        ("mine=/srv/models/tiny", "mine", "/srv/models/tiny", ""),
        ("mine = /srv/models/tiny", "mine", "/srv/models/tiny", ""),
        ("/srv/one.safetensors@/srv/models/tiny", "one", "/srv/one.safetensors", ""),
    ],
)
def test_the_operators_list(text, id_, shown, revision):
    source = parse_source(text)
    assert (source.id, source.shown, source.place.revision, source.lora) == (id_, shown, revision, None)


def test_a_lora_stands_behind_a_bar():
    source = parse_source("lcm=CompVis/stable-diffusion-v1-4|lcm-lora-sdv1-5")
    assert (source.id, source.lora.repository) == ("lcm", "latent-consistency/lcm-lora-sdv1-5")
    about = source.about
    assert about.name == "Stable Diffusion v1.4 with LCM-LoRA"
    assert (about.default_scheduler, about.default_steps, about.default_guidance_scale) == ("lcm", 4, 1.0)
    assert about.licence == "CreativeML OpenRAIL-M and CreativeML Open RAIL++-M"
    assert parse_source("CompVis/stable-diffusion-v1-4|/srv/mine.safetensors").id == f"{HUB_ID}-mine"


@pytest.mark.parametrize("text", ["mine=", "", "a/b|", "|a/b"])
def test_what_cannot_be_listed(text):
    with pytest.raises(ValueError, match="neither a folder nor a hub id"):
        parse_source(text)


def test_an_id_used_twice_is_refused():
    with pytest.raises(ValueError, match="Two listed models"):
        list_sources(Path("p"), ["/a/tiny", "/b/tiny"], gpu=False)


def test_stable_diffusion_is_listed_where_there_is_a_gpu():
    assert [source.id for source in list_sources(Path("p"), [], gpu=False)] == ["pocket", "pocket-fast"]
    assert [source.id for source in list_sources(Path("p"), [], gpu=True)] == ["pocket", "pocket-fast", HUB_ID]
    assert [source.id for source in list_sources(Path("p"), ["x=CompVis/stable-diffusion-v1-4"], gpu=True)] == [
        "pocket",
        "pocket-fast",
        "x",
    ]


def test_a_model_that_is_not_here_is_described_all_the_same():
    info = ModelRegistry.build([DEFAULT_HUB_MODEL], device="cpu").info(HUB_ID)
    assert not info.available and info.reason.endswith(".")
    assert (info.name, info.native_size, info.licence) == ("Stable Diffusion v1.4", 512, "CreativeML OpenRAIL-M")
    assert "attachment A" in info.restrictions and (info.download_gb, info.safety) == (2.7, "unknown")


@pytest.mark.parametrize("repository", CATALOGUE)
def test_every_card_is_whole(repository):
    about = CATALOGUE[repository]
    sentences = (about.what_it_is, about.what_it_is_not, about.restrictions)
    assert all(text.endswith(".") and text[0].isupper() for text in sentences)
    assert about.default_scheduler in SCHEDULERS
    assert re.fullmatch("([0-9a-f]{40})?", about.revision)
    assert (about.download_gb is None) == (repository in (POCKET, POCKET_FAST))


def test_the_models_that_the_course_needs_are_in_the_catalogue():
    assert set(CATALOGUE) == {
        "pocket",
        "pocket-fast",
        "CompVis/stable-diffusion-v1-4",
        "stable-diffusion-v1-5/stable-diffusion-v1-5",
        "stabilityai/sd-turbo",
        "stabilityai/sdxl-turbo",
        "stabilityai/stable-diffusion-xl-base-1.0",
        "latent-consistency/lcm-lora-sdv1-5",
    }
    for few_steps in (name for name, about in CATALOGUE.items() if about.distilled):
        assert CATALOGUE[few_steps].default_guidance_scale <= 1  # no unconditional row
        assert CATALOGUE[few_steps].default_steps <= 4
