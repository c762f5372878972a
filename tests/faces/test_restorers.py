"""Pocket's own finder, restorer and recogniser, on scenes that none of them was trained on; and the operator's."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from dashboard.faces import FaceError, PocketRestorer, build_restorers, improve_image
from dashboard.faces.alignment import Alignment
from dashboard.faces.choice import LOCAL, POCKET, REMOTE
from dashboard.faces.compare import psnr_inside
from dashboard.faces.crops import Face, overlap, scaled
from dashboard.faces.damage import Damage, damaged
from dashboard.faces.detect import find_faces
from dashboard.faces.known import known_faces, known_scenes
from dashboard.faces.local_restorer import LocalRestorer
from dashboard.faces.operator_files import FacesUnavailable, OperatorFile
from dashboard.faces.quality import MEASURED, tone_quality
from dashboard.faces.recognise import recognise
from dashboard.faces.restoration import MAX_SIDE, enlarge
from dashboard.faces.round_trip import through_latents
from dashboard.faces.shipped import FOLDER, weights_sha256
from dashboard.faces.study import study
from dashboard.faces.train.measure import Outcome, by_tone
from dashboard.pocket.world.subjects import SKIN_TONES
from dashboard.settings import Settings

TRAINED_ON = 24_000  # Pocket's scenes before this one
NO_TORCHVISION = importlib.util.find_spec("torchvision") is None


def small(picture: Image.Image) -> Image.Image:
    return picture.resize((64, 64), Image.Resampling.BOX)


@pytest.fixture(scope="module")
def poor() -> list[Image.Image]:
    """The known scenes as Pocket would give them, damaged a little more."""
    decoded = through_latents([small(scene.picture) for scene in known_faces()])
    return [damaged(one, Damage(blur=0.4, noise=4, seed=n)) for n, one in enumerate(decoded)]


def test_the_weights_are_small_and_nothing_but_safetensors():
    files = [path for path in FOLDER.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".safetensors"} and len(files) == 3
    assert sum(path.stat().st_size for path in files) < 8_000_000


def test_known_scenes_are_unseen_and_true():
    scenes = known_scenes()
    assert all(scene.index >= TRAINED_ON for scene in scenes)
    assert len({scene.index for scene in scenes}) == len(scenes)
    assert sum(bool(scene.faces) for scene in scenes) >= 30 and sum(not scene.faces for scene in scenes) >= 20


def test_the_finder_finds_known_faces_and_little_else():
    hits = misses = alarms = 0
    for scene in known_scenes():
        found = [scaled(face.box, 2) for face in find_faces(small(scene.picture))]
        for face in scene.faces:
            match = next((box for box in found if overlap(box, face.box) >= 0.5), None)
            hits, misses = hits + (match is not None), misses + (match is None)
            found = [box for box in found if box is not match]
        alarms += len(found)
    assert hits / (hits + misses) >= 0.94, f"{misses} missed"
    assert hits / (hits + alarms) >= 0.94, f"{alarms} false alarms"


def test_restored_faces_are_nearer_the_truth_than_enlarged_ones(poor):
    gains = []
    for scene, picture in zip(known_faces(), poor, strict=True):
        box = scene.faces[0].box
        restored = improve_image(picture, 2)
        gains.append(psnr_inside(scene.picture, restored, box) - psnr_inside(scene.picture, enlarge(picture, 2), box))
    assert np.mean(gains) > 2.0, f"{np.mean(gains):.2f} dB"


def test_more_faces_are_recognised_after_restoring():
    cases = study(Damage(shrink=8, noise=6), len(known_faces()))
    before = sum(case.right(case.seen_damaged) for case in cases)
    assert sum(case.right(case.seen_restored) for case in cases) > before
    true = [recognise(scene.picture, [scene.faces[0].box])[0] for scene in known_faces()]
    right = sum((s.who, s.tone) == (k.faces[0].who, k.faces[0].tone) for s, k in zip(true, known_faces(), strict=True))
    assert right / len(true) > 0.8, "the judge must know undamaged faces, or it judges nothing"


def test_the_account_of_what_was_done(poor):
    found = PocketRestorer().restore(poor[1], factor=2)
    assert found.image.size == found.enlarged.size == (128, 128) and found.seconds > 0
    (change,) = found.changes
    assert change.blend == 1 and change.difference > 1 and 0.5 < change.face.score <= 1
    outside = np.ones((128, 128), dtype=bool)
    left, top, right, bottom = (round(v) for v in scaled(change.face.box, 2))
    side = max(right - left, bottom - top)
    outside[max(0, top - side // 2) : bottom + side // 2, max(0, left - side // 2) : right + side // 2] = False
    assert outside.any()
    assert (np.asarray(found.image)[outside] == np.asarray(found.enlarged)[outside]).all()


def test_a_picture_without_faces_is_said_to_be_untouched():
    found = PocketRestorer().restore(Image.new("RGB", (64, 64), "teal"), factor=2)
    assert found.untouched and found.changes == () and found.image.tobytes() == found.enlarged.tobytes()


def test_blend_zero_is_the_original_and_says_so(poor):
    found = PocketRestorer().restore(poor[1], factor=2, blend=0)
    assert found.untouched and found.image.tobytes() == found.enlarged.tobytes() == enlarge(poor[1], 2).tobytes()


def test_the_same_picture_gives_the_same_result_also_among_others(poor):
    alone = [improve_image(picture, 2).tobytes() for picture in poor[:8]]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda picture: improve_image(picture, 2).tobytes(), poor[:8] * 2))
    assert together == alone * 2


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_the_same_picture_gives_the_same_result_however_many_threads_the_caller_has(poor, threads):
    before = torch.get_num_threads()
    alone = [improve_image(picture, 2).tobytes() for picture in poor[:8]]
    torch.set_num_threads(threads)
    try:
        assert [improve_image(picture, 2).tobytes() for picture in poor[:8]] == alone
    finally:
        torch.set_num_threads(before)


def test_the_original_is_left_as_it_was(poor):
    before = poor[0].tobytes()
    PocketRestorer().restore(poor[0], factor=3)
    assert poor[0].tobytes() == before


def test_a_128_pixel_picture_takes_half_a_second_at_most():
    picture, times = known_faces()[1].picture, []
    for _ in range(7):
        began = time.perf_counter()
        PocketRestorer().restore(picture, factor=2)
        times.append(time.perf_counter() - began)
    assert min(times) < 0.5  # the least: other work on the machine must not fail this


@pytest.mark.parametrize("size", [(16, 16), (65, 47), (300, 80), (512, 512)])
def test_pictures_of_any_size_and_mode(size):
    for mode in ("RGB", "L", "RGBA"):
        assert improve_image(Image.new(mode, size, 128), 1).size == size


@pytest.mark.parametrize(
    ("size", "factor", "words"),
    [((8, 64), 2, "too small"), ((64, 64), 0, "factor"), ((MAX_SIDE, 20), 2, "larger than")],
)
def test_impossible_wishes_get_a_sentence(size, factor, words):
    with pytest.raises(FaceError, match=words):
        improve_image(Image.new("RGB", size), factor)


# --- the operator's models --------------------------------------------------------------------


def given(path: Path) -> OperatorFile:
    return OperatorFile(path=path, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.mark.parametrize("text", ["", "a.pth", "a.pth#", "a.pth#12", f"#{'0' * 64}", f"a.pth#{'g' * 64}"])
def test_a_file_without_its_checksum_is_refused(text):
    with pytest.raises(FacesUnavailable, match="checksum"):
        OperatorFile.parse(text)


def test_another_file_than_the_operator_named_is_refused(tmp_path):
    file = tmp_path / "a.pth"
    file.write_bytes(b"one")
    named = OperatorFile.parse(f"{file}#{hashlib.sha256(b'one').hexdigest().upper()}")
    assert named.check() == file
    file.write_bytes(b"two")
    with pytest.raises(FacesUnavailable, match="its checksum is another one"):
        LocalRestorer(named)
    with pytest.raises(FacesUnavailable, match="cannot be read"):
        LocalRestorer(OperatorFile(path=tmp_path / "none.pth", sha256="0" * 64))
    with pytest.raises(FacesUnavailable, match=r"\.pth or \.safetensors"):
        LocalRestorer(OperatorFile(path=tmp_path / "a.pkl", sha256="0" * 64))


@pytest.mark.skipif(
    importlib.util.find_spec("spandrel") is not None and not NO_TORCHVISION, reason="spandrel can be imported here"
)
def test_without_spandrel_or_torchvision_there_is_a_sentence(tmp_path):
    file = tmp_path / "a.safetensors"
    save_file({"x": torch.zeros(1)}, file)
    with pytest.raises(FacesUnavailable, match=r"here needs (spandrel|torchvision).*\.$"):
        LocalRestorer(given(file))
    found = build_restorers(Settings(faces_weights=f"{file}#{given(file).sha256}"))
    assert list(found.usable) == [POCKET] and len(found.problems) == 1


def test_what_the_settings_name_is_there_and_what_fails_says_why():
    assert list(build_restorers(Settings()).usable) == [POCKET]
    assert list(build_restorers(Settings(faces_api="http://127.0.0.1:9")).usable) == [POCKET, REMOTE]
    found = build_restorers(Settings(faces_api="gopher://x", faces_weights="a.pth"))
    assert list(found.usable) == [POCKET] and len(found.problems) == 2
    found = build_restorers(Settings(faces_weights=f"a.pth#{'0' * 64}", faces_finder="yunet.onnx"))
    assert LOCAL not in found.usable and "checksum" in found.problems[0]


@pytest.fixture
def spandrel(monkeypatch) -> Iterator[object]:
    """spandrel; where torchvision is missing, the three names that spandrel imports of it stand in."""
    pytest.importorskip("spandrel.architectures", reason="spandrel is not installed") if not NO_TORCHVISION else None
    if importlib.util.find_spec("spandrel") is None:
        pytest.skip("spandrel is not installed")
    if NO_TORCHVISION:
        import types

        names = ("torchvision", "torchvision.transforms", "torchvision.transforms.functional")
        modules = {name: types.ModuleType(name) for name in names}
        modules[names[-1]].normalize = lambda x, mean, std: (x - mean[0]) / std[0]
        modules[names[-1]].InterpolationMode = modules[names[-1]].rotate = None
        for name, module in modules.items():
            monkeypatch.setitem(sys.modules, name, module)
    import spandrel

    yield spandrel
    if NO_TORCHVISION:
        for name in [name for name in sys.modules if name.startswith("spandrel")]:
            del sys.modules[name]


def tiny_restoreformer(path: Path) -> OperatorFile:
    """A RestoreFormer with random weights, as small as the architecture goes."""
    from spandrel.architectures.RestoreFormer import RestoreFormer

    torch.manual_seed(0)
    network = RestoreFormer(
        n_embed=32, embed_dim=32, ch=32, ch_mult=(1, 1, 1, 1, 1, 1), num_res_blocks=1, z_channels=32, resolution=512,
        attn_resolutions=(16,), out_ch=3, in_channels=3, dropout=0.0, double_z=False, enable_mid=True, head_size=8,
    )  # fmt: skip
    torch.save(network.state_dict(), path)
    return given(path)


def test_a_small_restoreformer_restores_through_the_same_interface(spandrel, tmp_path):
    local = LocalRestorer(tiny_restoreformer(tmp_path / "RestoreFormer.pth"))
    assert local.name == "RestoreFormer on this server"
    picture = small(known_faces()[1].picture)
    found = local.restore(picture, factor=2)
    assert found.image.size == (128, 128) and len(found.changes) == 1 and found.changes[0].difference > 1
    assert local.restore(picture, factor=2).image.tobytes() == found.image.tobytes(), "no fresh noise at each call"
    half = local.restore(picture, factor=2, blend=0.5)
    assert half.changes[0].difference == pytest.approx(found.changes[0].difference / 2, rel=0.1)


def test_landmarks_of_a_finder_are_used(spandrel, tmp_path):
    class Finder:
        def find(self, picture):
            box, points = (8.0, 8.0, 56.0, 56.0), np.array([[22, 26], [42, 26], [32, 36], [24, 46], [40, 46]], float)
            self.expected = Alignment.from_landmarks(points)
            return [(Face(box=box, score=0.9), points)]

    finder = Finder()
    local = LocalRestorer(tiny_restoreformer(tmp_path / "r.pth"), finder)
    seen = []
    local._restored = lambda face: seen.append(face) or face
    picture = small(known_faces()[1].picture)
    local.restore(picture, factor=1)
    assert seen[0].tobytes() == finder.expected.crop(picture).tobytes()


def test_a_network_that_fails_never_gives_the_face_back_as_restored(spandrel, tmp_path):
    local = LocalRestorer(tiny_restoreformer(tmp_path / "r.pth"))
    picture = small(known_faces()[1].picture)

    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("out of memory")

    for network in (breaks, lambda x: (x * float("nan"), None), lambda x: (x[..., :8], None)):
        local._network = network
        with pytest.raises(FaceError, match="unchanged"):
            local.restore(picture, factor=2)


def test_a_pickle_that_would_run_something_is_refused(spandrel, tmp_path):
    marker = tmp_path / "ran"

    class Evil:
        def __reduce__(self):
            return (Path.touch, (marker,))

    path = tmp_path / "evil.pth"
    torch.save({"x": Evil()}, path)
    with pytest.raises(FacesUnavailable, match="load safely"):
        LocalRestorer(given(path))
    assert not marker.exists()


def test_another_architecture_is_refused(spandrel, tmp_path):
    path = tmp_path / "other.safetensors"
    save_file({"x": torch.zeros(1)}, path)
    with pytest.raises(FacesUnavailable):
        LocalRestorer(given(path))


def test_case_remembers_whose_face_it_is():
    (case,) = study(Damage(), 1)
    assert case.right(replace(case.seen_restored, who=case.face.who, tone=case.face.tone))
    assert not case.right(replace(case.seen_restored, who="man" if case.face.who != "man" else "woman"))


def test_the_card_is_of_these_weights_and_keeps_its_promises():
    card = (FOLDER.parent / "CARD.md").read_text(encoding="utf-8")
    assert f"`{weights_sha256()}`" in card
    rows = re.findall(r"^\| .*px.*? \| ([\d.]+)% \| ([\d.]+)% \|$", card, re.MULTILINE)
    assert len(rows) == 4 and all(float(recall) >= 98 and float(precision) >= 98 for recall, precision in rows)
    assert float(re.search(r"\*\*([\d.]+) dB\*\* more", card)[1]) >= 3
    enlarged, restored = (float(re.search(rf"([\d.]+)% of the {kind}", card)[1]) for kind in ("enlarged", "restored"))
    assert restored < enlarged


def test_every_skin_tone_is_measured_on_these_weights():
    assert json.loads(MEASURED.read_text(encoding="utf-8"))["sha256"] == weights_sha256()
    tones = tone_quality()
    assert [one.tone for one in tones] == list(SKIN_TONES)
    assert sum(one.found.n for one in tones) == 500, "the lesson says how many faces"
    for one in tones:
        assert one.found.low <= one.found.mean <= one.found.high <= 1
        assert one.gain_db.low <= one.gain_db.mean <= one.gain_db.high


def test_each_tone_is_counted_by_itself():
    outcomes = [Outcome("dark", True, 20, 24), Outcome("dark", False, 20, 22), Outcome("light", True, 20, 19)]
    light, dark = by_tone(outcomes)
    assert (light["tone"], light["faces"], light["found"][0], light["gain_db"][0]) == ("light", 1, 1.0, -1.0)
    assert (dark["tone"], dark["faces"], dark["found"][0], dark["gain_db"][0]) == ("dark", 2, 0.5, 3.0)
