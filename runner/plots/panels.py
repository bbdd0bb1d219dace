"""A picture in panels of one kind, which stand side by side in a figure or each in its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.plots.style import titled

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Panels:
    """Panels by number: a heading, what it shows in words, and how it is drawn.

    `title` is that of the whole, and `note` says what it leaves out, blank if nothing. `legend` holds what the artists
    of all panels stand for, as legend handles. `size` of a panel and the `margins` around its frame (left, right,
    bottom, top) are inches. `points`: whether every trial is drawn, and not their densities.
    """

    title: str
    note: str
    headings: Sequence[str]
    words: Sequence[str]
    draw: Callable[["Axes", int], None]
    legend: Sequence["Artist"]
    size: tuple[float, float]
    margins: tuple[float, float, float, float] = (0.62, 0.14, 0.5, 0.12)
    points: bool = True

    def figure(self, title: str | None = None, across: int = 3) -> "Figure":
        """Return all panels, so many side by side, with the legend below them."""
        from matplotlib.figure import Figure

        count = len(self.headings)
        columns = min(count, across)
        rows = -(-count // columns)
        figure = Figure(figsize=(self.size[0] * columns, self.size[1] * rows + 0.7), layout="constrained")
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for number, axes in enumerate(grid.ravel()):
            if number >= count:
                axes.set_visible(False)
                continue
            self.draw(axes, number)
            if self.headings[number]:
                axes.set_title(self.headings[number], fontsize=10)
            if count > 1:
                figure.supxlabel(axes.get_xlabel(), fontsize=10)
                figure.supylabel(axes.get_ylabel(), fontsize=10)
                axes.set(xlabel="", ylabel="")
            axes.tick_params(labelleft=number % columns == 0, labelbottom=number + columns >= count)
        if self.legend:
            wide = max(len(str(handle.get_label())) for handle in self.legend)
            fit = max(1, int(figure.get_figwidth() / (0.75 + 0.075 * wide)))
            figure.legend(
                handles=list(self.legend),
                loc="outside lower center",
                ncols=min(fit, len(self.legend)),
                frameon=False,
                handlelength=3.2,
                fontsize=9,
            )
        titled(figure, "\n".join(filter(None, (self.title, self.note))) if title is None else title)
        figure.set_label(" ".join(self.words))
        return figure

    def single(self, number: int, width: float | None = None) -> "Figure":
        """Return one panel, so many inches wide, without title and legend, which its surroundings give."""
        from matplotlib.figure import Figure

        wide, high = width or self.size[0], self.size[1]
        left, right, bottom, top = self.margins
        figure = Figure(figsize=(wide, high))
        # Margins that are said, and not found by a layout engine: that draws everything twice.
        box = (left / wide, bottom / high, (wide - left - right) / wide, (high - bottom - top) / high)
        self.draw(figure.add_axes(box), number)
        figure.set_label(self.words[number])
        return figure
