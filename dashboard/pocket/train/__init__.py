"""Trains Pocket: `python -m dashboard.pocket.train --budget smoke|cpu|gpu`."""
