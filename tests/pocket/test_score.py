"""The scorer: Pocket's own as it ships, and any CLIP from a folder."""

import json
import threading

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import CLIPConfig, CLIPModel, CLIPProcessor, CLIPTextConfig, CLIPVisionConfig

from dashboard.pocket.score import SCORER_FOLDER, Scorer, ScorerMissing, load_scorer, mean_pairwise_distance
from dashboard.pocket.tokenizer import build_tokenizer
from dashboard.pocket.world.captions import vocabulary

PICTURES = [np.random.default_rng(seed).integers(0, 256, (64, 64, 3), dtype=np.uint8) for seed in range(5)]


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """A tiny random CLIP for 224 px and 16 tokens, laid out as OpenAI's are: not one file of ours."""
    folder = tmp_path_factory.mktemp("clip")
    tokenizer = build_tokenizer(["a", "photo", "of", "cat", "dog"])
    tokenizer.save_pretrained(folder)
    small = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = CLIPTextConfig(
        **small,
        vocab_size=len(tokenizer),
        max_position_embeddings=16,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=tokenizer.bos_token_id,
    )
    vision = CLIPVisionConfig(**small, image_size=224, patch_size=32)
    torch.manual_seed(0)
    config = CLIPConfig(text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=24)
    CLIPModel(config).save_pretrained(folder)
    preprocessing = {
        "image_processor_type": "CLIPImageProcessor",
        "size": 224,
        "crop_size": 224,
        "image_mean": [0.481, 0.458, 0.408],
        "image_std": [0.269, 0.261, 0.276],
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessing))
    return folder


@pytest.fixture(params=["pocket", "stranger"])
def scorer(request, stranger):
    return Scorer(SCORER_FOLDER if request.param == "pocket" else stranger)


def test_embeddings_are_unit_vectors(scorer):
    for embeddings in (scorer.image_embeddings(PICTURES), scorer.text_embeddings(["a cat", "a photo of a dog"])):
        assert embeddings.shape[1] == scorer.width
        assert np.linalg.norm(embeddings, axis=1) == pytest.approx(np.ones(len(embeddings)), abs=1e-5)


def test_plain_transformers_gives_the_same_scores(stranger):
    """Both folders, through CLIPModel and CLIPProcessor alone."""
    texts = ["a cat", "a photo of a dog"]
    for folder in (SCORER_FOLDER, stranger):
        model, processor = CLIPModel.from_pretrained(folder, dtype=torch.float32), CLIPProcessor.from_pretrained(folder)
        inputs = processor(
            text=texts,
            images=[Image.fromarray(p) for p in PICTURES[:2]],
            return_tensors="pt",
            padding=True,
            truncation=True,
        )
        with torch.no_grad():
            logits = model(**inputs).logits_per_image / model.logit_scale.exp()
        wanted = np.clip(100 * logits.numpy(), 0, None)
        assert Scorer(folder).matches(PICTURES[:2], texts) == pytest.approx(wanted, abs=1e-2)


def test_a_match_is_the_diagonal_of_matches(scorer):
    texts = ["a cat", "a dog", "a photo of a cat", "a photo of a dog", "a"]
    scores = scorer.match(PICTURES, texts)
    assert scores == pytest.approx(np.diag(scorer.matches(PICTURES, texts)), abs=1e-3)
    assert np.all((scores >= 0) & (scores <= 100))
    assert scorer.match(PICTURES, "a cat") == pytest.approx(scorer.matches(PICTURES, ["a cat"])[:, 0], abs=1e-3)


def test_a_picture_is_the_same_alone_in_a_batch_and_remembered(scorer):
    together = scorer.image_embeddings([*PICTURES, PICTURES[0]])
    assert np.array_equal(together[0], together[-1])
    assert np.array_equal(scorer.image_embeddings([Image.fromarray(PICTURES[2])])[0], together[2])


def test_remembering_saves_the_work(scorer, monkeypatch):
    scorer.image_embeddings(PICTURES)
    monkeypatch.setattr(scorer, "_embed_pictures", lambda pictures: pytest.fail("embedded again"))
    assert scorer.image_embeddings(PICTURES[::-1]).shape == (5, scorer.width)


def test_threads_may_share_a_scorer(scorer):
    alone = Scorer(SCORER_FOLDER if scorer.width != 24 else scorer._model.config._name_or_path)
    wanted = alone.image_embeddings(PICTURES)
    found = []
    threads = [threading.Thread(target=lambda: found.append(scorer.image_embeddings(PICTURES))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert all(np.allclose(one, wanted, atol=1e-6) for one in found)


def test_nothing_to_embed(scorer):
    assert scorer.image_embeddings([]).shape == (0, scorer.width)
    assert scorer.match([], []).shape == (0,)


def test_bad_input_is_named(scorer):
    with pytest.raises(ValueError, match="2 images cannot be matched with 1 prompts"):
        scorer.match(PICTURES[:2], ["a cat"])
    with pytest.raises(ValueError, match="uint8"):
        scorer.image_embeddings([np.zeros((64, 64))])


def test_a_long_text_keeps_its_first_tokens(scorer):
    long = " ".join(["cat"] * 100)
    assert scorer.text_embeddings([long]) == pytest.approx(scorer.text_embeddings([long + " dog"]))


def test_a_missing_model_is_one_sentence(tmp_path):
    for model in (tmp_path / "nothing", "nobody/no-such-clip"):
        with pytest.raises(ScorerMissing, match="There is no CLIP model in"):
            Scorer(model)


def test_a_process_loads_a_scorer_once():
    assert load_scorer() is load_scorer()


# --- Pocket's own ----------------------------------------------------------------------------


def test_pockets_scorer_is_small_and_knows_the_world():
    assert sum(path.stat().st_size for path in SCORER_FOLDER.iterdir()) < 5e6
    tokenizer = load_scorer()._tokenizer
    assert [word for word in vocabulary() if len(tokenizer.tokenize(word)) != 1] == []


def test_what_was_measured_is_good_enough_to_teach_with():
    """On scenes that it never saw; a guess is right once in 100, and half the time between two."""
    measured = json.loads((SCORER_FOLDER / "measured.json").read_text())
    for kind in ("rendered", "decoded"):
        shares = {name: tried["right"] / tried["of"] for name, tried in measured[kind].items()}
        assert shares["caption_among_100"] > 0.95, shares
        assert min(share for name, share in shares.items() if name.startswith("not_the_other")) > 0.95, shares


# --- diversity -------------------------------------------------------------------------------


def test_the_mean_distance_is_over_pairs_of_different_pictures():
    vectors = np.eye(3)
    assert mean_pairwise_distance(vectors) == pytest.approx(1)
    assert mean_pairwise_distance(np.repeat(vectors[:1], 4, axis=0)) == 0
    random = np.random.default_rng(0).normal(size=(6, 8))
    random /= np.linalg.norm(random, axis=1, keepdims=True)
    pairs = [1 - random[i] @ random[j] for i in range(6) for j in range(i)]
    assert mean_pairwise_distance(random) == pytest.approx(np.mean(pairs))


def test_one_picture_has_no_distance():
    with pytest.raises(ValueError, match="two or more"):
        mean_pairwise_distance(np.eye(3)[:1])
