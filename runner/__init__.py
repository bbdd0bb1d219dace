"""seedsweep trains very small sigmoid networks by the million and says which results were typical.

`sweep` runs an experiment, `load` reads its tables; `python -m runner --help` lists the commands.
"""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

try:
    __version__ = version("seedsweep")
except PackageNotFoundError:  # a checkout that is not installed
    __version__ = "unknown"

__all__ = [
    "__version__",
    "analyze",
    "audit",
    "compare",
    "load",
    "merge",
    "report",
    "status",
    "sweep",
    "trace",
    "verify",
]


def __getattr__(name: str) -> Any:
    # Imported when asked for: `python -m runner --help` must not wait for Numba and pandas.
    if name == "sweep":
        from runner.sweeping.run import sweep

        return sweep
    if name == "merge":
        from runner.sweeping.merge import merge

        return merge
    if name == "status":
        from runner.sweeping.status import status

        return status
    if name == "trace":
        from runner.tracing.trace import trace

        return trace
    if name == "load":
        from runner.tables.loading import load

        return load
    if name == "analyze":
        from runner.analysis.analyze import analyze

        return analyze
    if name == "report":
        from runner.reporting.page import report

        return report
    if name == "compare":
        from runner.analysis.comparison import compare

        return compare
    if name == "audit":
        from runner.checking.audit import audit

        return audit
    if name == "verify":
        from runner.checking.verify import verify

        return verify
    raise AttributeError(f"module 'runner' has no attribute {name!r}")
