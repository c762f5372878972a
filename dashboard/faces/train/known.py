"""`python -m dashboard.faces.train.known`: stores unseen scenes with their truth, for the lesson and the tests."""

from __future__ import annotations

import json

from PIL import Image

from dashboard.faces.known import COLUMNS, SCENE_PX, SHEET, TRUTH
from dashboard.faces.networks import WHO
from dashboard.faces.train.scenes import FIRST_UNSEEN, SHARE_SEEN, face_scene, unseen_scenes
from dashboard.pocket.train.data import load_world
from dashboard.pocket.world.captions import caption
from dashboard.pocket.world.subjects import SKIN_TONES

WITH_FACE, WITHOUT = 40, 24


def main() -> None:
    """The first scenes that come, nothing picked."""
    cast, kept, left = load_world().cast, [], {True: WITH_FACE, False: WITHOUT}
    for index, scene in enumerate(unseen_scenes(), start=FIRST_UNSEEN):
        has_person = any(cast.by_name[figure.subject].face for figure in scene.figures)
        if not left[has_person]:
            continue
        one = face_scene(scene)
        if any(face.seen < SHARE_SEEN for face in one.faces):
            continue  # hardly a face to look at
        left[has_person] -= 1
        kept.append((index, caption(scene, cast), one))
        if not any(left.values()):
            break
    kept.sort(key=lambda item: not item[2].faces)  # those with a face first
    sheet = Image.new("RGB", (COLUMNS * SCENE_PX, -(-len(kept) // COLUMNS) * SCENE_PX))
    truth = []
    for place, (index, words, one) in enumerate(kept):
        sheet.paste(one.drawn, (place % COLUMNS * SCENE_PX, place // COLUMNS * SCENE_PX))
        faces = [
            {"box": [round(side, 3) for side in face.box], "who": WHO[face.who], "tone": SKIN_TONES[face.tone]}
            for face in one.faces
        ]
        truth.append({"index": index, "caption": words, "style": one.style, "faces": faces})
    SHEET.parent.mkdir(exist_ok=True)
    sheet.save(SHEET, "WEBP", lossless=True, quality=100, method=6)
    TRUTH.write_text("[\n" + ",\n".join(json.dumps(row) for row in truth) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
