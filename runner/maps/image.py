"""An image whose pixels are those of the canvas, wherever the two are of one size."""

from typing import Any

import numpy as np
from matplotlib.image import AxesImage
from numpy.typing import NDArray


class PixelImage(AxesImage):
    """An image over the whole of its axes; `pixels` (rows, columns, 3) are 8 bits, the first row the lowest.

    matplotlib resamples an image even where there is nothing to do, in floats: 16.8 million pixels took 1.4 GB more.
    """

    def __init__(self, axes: Any, pixels: NDArray[np.uint8]) -> None:
        super().__init__(axes, extent=(0, 1, 0, 1), origin="lower", interpolation="nearest", transform=axes.transAxes)
        self.set_data(pixels)

    def make_image(self, renderer: Any, magnification: float = 1.0, unsampled: bool = False) -> Any:
        """Return the image (rows, columns, 4) for the canvas, and where it goes; called by matplotlib."""
        assert self.axes is not None
        left, bottom, width, height = self.axes.bbox.bounds
        pixels = self.get_array()
        assert pixels is not None
        found = np.array([height * magnification, width * magnification])
        if unsampled or np.abs(found - pixels.shape[:2]).max() > 0.1:
            return super().make_image(renderer, magnification, unsampled)
        image = np.full((*pixels.shape[:2], 4), 255, np.uint8)
        image[:, :, :3] = pixels
        return image, round(left * magnification) / magnification, round(bottom * magnification) / magnification, None
