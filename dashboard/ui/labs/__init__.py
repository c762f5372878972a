"""One file a laboratory: controls in, requests out, results drawn. They import the engine's room, so torch."""
