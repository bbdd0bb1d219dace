"""The commands: arguments in, one function of the program called, its answer printed."""

# --help lists commands in the order in which they are imported.
# isort: off
from runner.commands import running
from runner.commands import describing
from runner.commands import answering
from runner.commands import checking
from runner.commands import studying
from runner.commands.options import app

__all__ = ["answering", "app", "checking", "describing", "running", "studying"]
