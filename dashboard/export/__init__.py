"""Export: what leaves the dashboard. Receipts in PNGs, their check, tables, sheets, pages and scripts."""

from dashboard.export.code import Origin, diffusers_code, grid_code
from dashboard.export.embeds import LEARNED_EMBEDS, learned_embeds
from dashboard.export.names import POCKET_CREDIT, alt_text, cell_caption, file_name
from dashboard.export.notebook import notebook_json
from dashboard.export.pages import index_html
from dashboard.export.parameters import parameters_text, parse_parameters
from dashboard.export.png import NotAReceipt, read_pixels
from dashboard.export.receipts import Receipt, png_bytes, read_receipt, request_from_png
from dashboard.export.sheets import grid_png
from dashboard.export.tables import Cell, cells_csv, zip_bytes
from dashboard.export.verify import Difference, Verification, judge, verify

__all__ = [
    "LEARNED_EMBEDS",
    "POCKET_CREDIT",
    "Cell",
    "Difference",
    "NotAReceipt",
    "Origin",
    "Receipt",
    "Verification",
    "alt_text",
    "cell_caption",
    "cells_csv",
    "diffusers_code",
    "file_name",
    "grid_code",
    "grid_png",
    "index_html",
    "judge",
    "learned_embeds",
    "notebook_json",
    "parameters_text",
    "parse_parameters",
    "png_bytes",
    "read_pixels",
    "read_receipt",
    "request_from_png",
    "verify",
    "zip_bytes",
]
