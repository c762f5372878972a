"""Pictures that a learner hands in: read safely, kept for this session only, never written anywhere."""

from __future__ import annotations

import streamlit as st
from PIL import Image

from dashboard.teach import MAX_PICTURES, BadPicture, read_picture, square


def uploaded_pictures(key: str, side: int) -> list[Image.Image]:
    """The sound ones of the uploaded files as `side` x `side` pixels; a bad file gets a sentence and is left out."""
    files = st.file_uploader(
        f"1 to {MAX_PICTURES} pictures of one thing (PNG, JPEG or WebP)",
        type=["png", "jpg", "jpeg", "webp"],
        accept_multiple_files=True,
        key=f"{key}.files",
        max_upload_size=10,
        help="They stay in this server's memory while this page is open, and go nowhere else.",
    )
    if len(files) > MAX_PICTURES:
        st.warning(f"The first {MAX_PICTURES} pictures are used.", icon=":material/info:")
    kept: dict[str, Image.Image | str] = st.session_state.setdefault(f"{key}.pictures", {})
    read = {file.file_id: kept.get(file.file_id) or _read(file.name, file.getvalue(), side) for file in files}
    st.session_state[f"{key}.pictures"] = read
    for problem in (picture for picture in read.values() if isinstance(picture, str)):
        st.error(problem, icon=":material/error:")
    return [picture for picture in read.values() if isinstance(picture, Image.Image)][:MAX_PICTURES]


def _read(name: str, data: bytes, side: int) -> Image.Image | str:
    try:
        return square(read_picture(data), side)
    except BadPicture as error:
        return f"{name[:60]}: {error}"
