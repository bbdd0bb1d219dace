"""The line that every table carries: on what machine, with which versions."""

import platform
import sys
from importlib.metadata import version
from pathlib import Path

import joblib


def described() -> str:
    """Machine and versions in one line."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "llvmlite", "pandas", "pyarrow"))
    cores = joblib.cpu_count()
    return f"{_cpu()}, {cores} cores, {platform.system()}; Python {sys.version.split()[0]}, {packages}"


def _cpu() -> str:
    information = Path("/proc/cpuinfo")
    if not information.exists():
        return platform.processor() or platform.machine()
    fields = dict(line.split(":", 1) for line in information.read_text().splitlines() if ":" in line)
    cpu = {key.strip(): value.strip() for key, value in fields.items()}
    widest = next((name for name in ("avx512f", "avx2", "avx", "sse2") if name in cpu.get("flags", "").split()), "")
    return f"{cpu.get('model name', platform.machine())} ({widest})"
