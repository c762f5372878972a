"""Which model this session draws with, and the shape of its noise. Nothing here loads torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.engine.catalogue import OURS, POCKET
from dashboard.ui import engine_room

if TYPE_CHECKING:
    from dashboard.engine import ModelInfo
    from dashboard.export import Origin

DEFAULT = POCKET
KEY = "model"  # session key; also the name in addresses


def choose_model() -> None:
    """In the sidebar: the choice, where the server has more than one model that runs here, and what the model is."""
    room = engine_room.loading()
    if not room.done or room.future.exception() is not None:
        st.caption("No model could be loaded." if room.done else "Loading …")
        return
    infos = {info.id: info for info in room.future.result().models.infos()}
    usable = [info.id for info in infos.values() if info.available]
    if len(usable) > 1:
        first = usable.index(DEFAULT) if DEFAULT in usable else 0
        name = {info.id: info.name for info in infos.values()}.__getitem__
        st.selectbox("Model", usable, first, name, key=KEY, bind="query-params", label_visibility="collapsed")
    info = infos[current_model()]
    st.markdown(f"**{info.name}** · {info.device}, {info.dtype}")
    st.caption(f"{info.what_it_is} {info.what_it_is_not}")
    with st.expander("Licence and limits"):
        st.caption(f"Licence: {info.licence}. {info.restrictions}")
        st.caption(f"Suits {info.suits}. {info.safety_note}")
    for missing in (info for info in infos.values() if not info.available):
        st.caption(f":material/block: {missing.name}: {missing.reason}")


def current_model() -> str:
    """The id of the model in use: the learner's choice in the sidebar, where the server offers one."""
    return str(st.session_state.get(KEY) or DEFAULT)


def current_info() -> ModelInfo:
    """What is known about the model in use."""
    return info_of(current_model())


def info_of(model_id: str) -> ModelInfo:
    """What is known about a model. Waits while the engine loads."""
    return engine_room.engine().models.info(model_id)


def script_origin(model_id: str) -> Origin | None:
    """Where a learner's own script finds the model: its hub id, or its folder's bare name; None for our own."""
    if model_id in OURS:
        return None
    from dashboard.export import Origin

    info = info_of(model_id)
    return Origin(source=_bare(info.source), pipeline=info.pipeline, lora=_bare(info.lora))


def _bare(source: str) -> str:
    """A path's last part: a server's folders are nobody's business."""
    return Path(source).name if source and Path(source).exists() else source


def files_are_here() -> bool:
    """Whether the model in use is on this machine; else say what to do: some laboratories read its files."""
    from dashboard.engine import ModelUnavailable

    try:
        engine_room.engine().models.schedulers(current_model())
    except ModelUnavailable as error:
        st.info(str(error), icon=":material/info:")
        return False
    return True


def latent_shape() -> tuple[int, int, int, int]:
    """(1, C, h, w) of the model's latents at its native size."""
    info = current_info()
    return (1, info.latent_channels, info.latent_side, info.latent_side)
