"""The pictures of the page, drawn by `runner.plots` at widths that a telephone and a desk can show."""

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from runner.analysis.analysis import Analysis
from runner.plots.curves import curve_panels
from runner.plots.fates import fate_panels
from runner.plots.losses import loss_panels
from runner.plots.outputs import output_panels, task_of
from runner.plots.panels import Panels
from runner.plots.run_lengths import run_length_panels
from runner.plots.style import named
from runner.reporting.origin import Origin
from runner.reporting.svg import svg, swatch
from runner.tables.columns import FATES

_NARROW, _WIDE = 3.9, 8.0  # inches
_CURVES = "curves.csv"


@dataclass(frozen=True)
class Panel:
    """One panel under its heading: drawn once, or for narrow and for wide windows."""

    heading: str
    narrow: Markup
    wide: Markup


@dataclass(frozen=True)
class Picture:
    """Panels of one kind, with their caption and what their colours and markers stand for."""

    caption: str
    panels: list[Panel]
    legend: list[tuple[Markup, str]]


def run_lengths(found: Analysis) -> Picture:
    """Return the run-length distributions, with the restart cutoffs that are surely quicker than the whole budget."""
    frame = found.configurations
    quicker = frame[frame["restart_epochs_high"] < frame["expected_epochs_low"]]
    cutoffs = {
        frozenset((key, _plain(row[key])) for key in found.axes): float(row["cutoff"])
        for row in quicker.to_dict("records")
    }
    caption = "Share of all trials that had converged by an epoch; what never converged keeps a line below 100 percent"
    return _picture("runs", run_length_panels(found.trials, None, None, "", cutoffs), caption)


def losses(found: Analysis) -> Picture:
    """Return the final losses."""
    caption = "Final loss, a row a configuration: the trials that converged above the line, the others below it"
    panels = loss_panels(found.trials, None, "")
    return _picture("losses", panels, caption + ("" if panels.points else _DENSITY))


def curves(found: Analysis, source: Origin) -> Picture | None:
    """Return the recorded loss curves; None where there are none."""
    if source.manifest is None or source.file is None or _CURVES not in source.manifest["files"]:
        return None
    file = source.file.with_name(_CURVES)
    caption = "Loss over epochs: the median over trials, and bands that hold the middle 50 and 90 percent of them"
    return _picture("curves", curve_panels(found.trials, file, None, ""), caption)


def outputs(found: Analysis, source: Origin, configuration: int) -> Picture | None:
    """Return the answers of the trained networks of one configuration; None where they were not recorded."""
    trials = found.trials[found.trials["configuration"] == configuration]
    if not any(name.startswith(("output_", "probe_")) for name in map(str, trials)):
        return None
    panels = output_panels(trials, source.experiment.task if source.experiment else task_of(trials), "")
    row = found.configurations.iloc[configuration]
    who = named(found.axes, [_plain(row[key]) for key in found.axes]) or "all trials"
    caption = f"What trained networks answer, {who}: those that converged above the line, the others below it"
    return _picture("outputs", panels, caption + ("" if panels.points else _DENSITY))


def fates(found: Analysis) -> Picture | None:
    """Return what became of the trials; None where it was not recorded."""
    if not {*FATES} <= {*found.trials}:
        return None
    return _picture("fates", fate_panels(found.trials, None, ""), "What became of the trials, a bar a configuration")


_DENSITY = "; heights are densities, a dot is the median"


def _picture(name: str, panels: Panels, caption: str) -> Picture:
    notes = [panels.title.partition(", ")[2], panels.note]
    drawn = [_panel(name, panels, number) for number in range(len(panels.headings))]
    swatches = [swatch(handle, f"{name}-legend-{number}") for number, handle in enumerate(panels.legend)]
    return Picture("; ".join([caption, *filter(None, notes)]) + ".", drawn, swatches)


def _panel(name: str, panels: Panels, number: int) -> Panel:
    if len(panels.headings) > 1:
        only = svg(panels.single(number), f"{name}-{number}")
        return Panel(panels.headings[number], only, Markup())
    narrow, wide = (svg(panels.single(number, width), f"{name}-{width:g}") for width in (_NARROW, _WIDE))
    return Panel(panels.headings[number], narrow, wide)


def _plain(value: Any) -> Any:
    """Return a cell as Python's own value, None where it is missing."""
    value = value.item() if hasattr(value, "item") else value
    return None if value != value else value
