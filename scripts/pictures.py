"""Small pictures: a screenshot as a PNG of 256 colours, which is half the size or less."""

from io import BytesIO

from PIL import Image

COLOURS = 256


def small(png: bytes) -> bytes:
    """The picture of *png* in 256 colours, without dots between them."""
    whole = Image.open(BytesIO(png)).convert("RGB")
    few = whole.quantize(COLOURS, Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE)
    out = BytesIO()
    few.save(out, "PNG", optimize=True)
    return out.getvalue()
