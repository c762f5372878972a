"""Text on pictures, measured before it is drawn, so that nothing is ever clipped."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from PIL import ImageDraw, ImageFont

LEADING = 4  # pixels between lines
Color = tuple[int, int, int]


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)


@dataclass(frozen=True)
class Lettering:
    """One way of writing: a size and a colour of Pillow's own font."""

    size: int  # pixels
    color: Color

    def wrapped(self, text: str, width: int) -> list[str]:
        """Break text into lines of at most `width` pixels: between words where possible, else within one."""
        lines: list[str] = []
        line = ""
        for piece in self._pieces(text, width):
            longer = f"{line} {piece}".strip()
            if line and self.measure(longer) > width:
                lines.append(line)
                line = piece
            else:
                line = longer
        return [*lines, line] if line else lines

    def height(self, text: str, width: int) -> int:
        """Pixels that the wrapped text takes."""
        return len(self.wrapped(text, width)) * self._line_height

    def write(self, draw: ImageDraw.ImageDraw, text: str, left: int, top: int, width: int) -> None:
        """Write the wrapped text from its top left corner."""
        for i, line in enumerate(self.wrapped(text, width)):
            draw.text((left, top + i * self._line_height), line, font=_font(self.size), fill=self.color)

    def measure(self, text: str) -> float:
        """Pixels that one line of text takes."""
        return _font(self.size).getlength(text)

    @property
    def _line_height(self) -> int:
        return round(_font(self.size).getbbox("Ágjy|")[3]) + LEADING

    def _pieces(self, text: str, width: int) -> list[str]:
        """The words, with each that is wider than a line cut into pieces that fit."""
        pieces = []
        for word in text.split():
            start = 0
            for end in range(2, len(word) + 1):
                if end - start > 1 and self.measure(word[start:end]) > width:
                    pieces.append(word[start : end - 1])
                    start = end - 1
            pieces.append(word[start:])
        return pieces
