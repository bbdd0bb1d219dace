"""What an audit finds: a check that does not hold, and a cell that is not what the program computes."""

from dataclasses import dataclass
from typing import Literal

Check = Literal["manifest", "files", "kernels", "columns", "order", "summary", "curves", "weights", "rows"]


@dataclass(frozen=True)
class Finding:
    """Which check does not hold, and in a sentence what is wrong."""

    check: Check
    text: str


@dataclass(frozen=True)
class Mismatch:
    """A cell of a table, or of the curve or weights recorded beside it, that comes out otherwise.

    `table` and `ours` are as the file has them and would have them, empty where there is no value. `ulps` is their
    distance in units in the last place of numbers of the trial's precision `ulps_of`, None where not both are finite
    numbers. `epoch` is the first recorded one at which the trial's two loss curves part, None where they do not or
    there are none.
    """

    trial: int
    column: str
    table: str
    ours: str
    ulps: int | None
    ulps_of: str
    epoch: int | None

    def __str__(self) -> str:
        said = f"trial {self.trial}, {self.column}: {self.table or 'empty'} in the table, {self.ours or 'empty'} re-run"
        if self.ulps is not None:
            said += f", {self.ulps:,} ulp{'s' * (self.ulps != 1)} of {self.ulps_of} apart"
        return said + (f"; its curves part at epoch {self.epoch:,}" if self.epoch is not None else "")


class Misfit(Exception):  # noqa: N818 - no error of the program: a file that is not what it should be
    """Why a file cannot be read on: a sentence."""
