"""What this server's machine has, measured as the page is drawn."""

from __future__ import annotations

import streamlit as st

from dashboard.machine import Machine, describe
from dashboard.settings import load_settings
from dashboard.ui import engine_room
from dashboard.ui.gallery import plain
from dashboard.ui.lesson import TEXT_WIDTH

NOT_TOLD = "this system does not tell"


def machine() -> Machine:
    """The machine under the engine, measured now."""
    settings, models = load_settings(), engine_room.engine().models
    return describe(models.device, threads=settings.threads, folder=settings.data_dir)


def machine_table() -> None:
    """A row a thing."""
    here = machine()
    card = "none found" if here.device_memory is None else f"{here.device}, {gigabytes(here.device_memory)}"
    with st.container(width=TEXT_WIDTH):
        st.table(
            {
                "Graphics card": plain(card),
                "Processor": plain(here.processor),
                "Cores this program may use": f"{here.cores}, and {here.threads} of them for the model",
                "Memory": gigabytes(here.memory),
                "Memory free now": gigabytes(here.memory_free),
                "Disk free": gigabytes(here.disk_free),
                "System": plain(here.system),
                "Python": here.python,
                "torch": plain(here.torch),
                "diffusers": here.diffusers,
                "transformers": here.transformers,
                "streamlit": here.streamlit,
            },
            border="horizontal",
        )


def gigabytes(amount: int | None) -> str:
    """In 10^9 bytes, as disks are sold."""
    return NOT_TOLD if amount is None else f"{amount / 1e9:.1f} GB"
