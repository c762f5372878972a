"""What a model's weights need, beside what this machine has, and which models can run here."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard.engine.parts import (
    BYTES_A_NUMBER,
    STABLE_DIFFUSION_1,
    STABLE_DIFFUSION_1_CHECKER,
    STABLE_DIFFUSION_1_GFLOP,
)
from dashboard.machine import Machine
from dashboard.ui import engine_room
from dashboard.ui.labs.machine_table import gigabytes, machine
from dashboard.ui.labs.pipeline_parts import current_anatomy
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_info

CHECKED = {**STABLE_DIFFUSION_1, "safety_checker": STABLE_DIFFUSION_1_CHECKER}


def weight_bytes(parameters: int, dtype: str) -> int:
    """What so many numbers take."""
    return parameters * BYTES_A_NUMBER[dtype]


def needs_table() -> None:
    """Parameters of each part, here and in Stable Diffusion 1.x, and the memory that they take."""
    anatomy, info = current_anatomy(), current_info()
    here = {part.name: part.parameters for part in anatomy.parts if part.parameters}
    names = list(dict.fromkeys([*here, *CHECKED]))
    rows = [_row(name, here.get(name, 0), CHECKED.get(name, 0), info.dtype) for name in names]
    rows.append(_row("all", anatomy.parameters, sum(CHECKED.values()), info.dtype))
    mine, theirs, here_mb = f"{info.name}, parameters", "Stable Diffusion 1.x, parameters", f"MB here ({info.dtype})"
    whole = st.column_config.NumberColumn(format="localized")
    st.dataframe(
        pd.DataFrame(rows).rename(columns={"here": mine, "MB": here_mb}),
        hide_index=True,
        placeholder="-",
        column_config={
            **dict.fromkeys((mine, theirs, "MB in float16", "MB in float32"), whole),
            here_mb: st.column_config.NumberColumn(format="%.1f"),
        },
        alt=f"Parameters and memory of {info.name} and of Stable Diffusion 1.x, part by part",
    )
    showed(needs_sentence(machine(), anatomy.pass_gflop, info.name))


def _row(name: str, here: int, there: int, dtype: str) -> dict[str, object]:
    return {
        "part": name,
        "here": here or None,
        "MB": weight_bytes(here, dtype) / 1e6 if here else None,
        "Stable Diffusion 1.x, parameters": there or None,
        "MB in float16": round(weight_bytes(there, "float16") / 1e6) if there else None,
        "MB in float32": round(weight_bytes(there, "float32") / 1e6) if there else None,
    }


def needs_sentence(here: Machine, pass_gflop: float, name: str) -> str:
    """Whether Stable Diffusion's weights would fit, and how much more one pass of it computes."""
    dtype, place, free = (
        ("float16", "the graphics card", here.device_memory)
        if here.device_memory is not None
        else ("float32", "the free memory", here.memory_free)
    )
    need = weight_bytes(sum(STABLE_DIFFUSION_1.values()), dtype)
    said = f"Without its safety checker, Stable Diffusion 1.x needs {gigabytes(need)} for its weights in {dtype}. "
    if free is None:
        said += "This system does not tell how much is free. "
    else:
        verdict = "would fit" if need < free else "would not fit"
        said += f"They {verdict} into {place} of this machine, {gigabytes(free)}; drawing needs some more besides. "
    return said + (
        f"One pass of its U-Net computes {STABLE_DIFFUSION_1_GFLOP:,.0f} GFLOP, one of {name}'s {pass_gflop:.2f}: "
        f"{STABLE_DIFFUSION_1_GFLOP / pass_gflop:,.0f} times as much. That, more than memory, is what a graphics card "
        "is for."
    )


def models_table() -> None:
    """Every model that this server knows, and why one cannot run here or is not offered."""
    infos = engine_room.engine().models.infos()
    rows = [
        {
            "model": info.name,
            "runs here": "yes" if info.available else "no",
            "why not, or what to know": info.reason,
            "image": f"{info.native_size} x {info.native_size} px",
            "licence": info.licence,
        }
        for info in infos
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt="The models of this server and whether they can run here")
    if machine().device_memory is None:
        st.caption("Stable Diffusion v1.4 is offered where there is a graphics card; this server uses none.")
