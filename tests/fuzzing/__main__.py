"""Coverage-guided fuzzing of what is read from files: `python -m tests.fuzzing experiment --minutes 10`.

Needs `pip install atheris`, which is no dependency. Prints libFuzzer's lines: executions, and coverage as edges of the
bytecode of this program's modules. Ends with libFuzzer's code where an input raises or takes longer than ten seconds,
and leaves that input in the folder of the corpus.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["runner", "tomllib"], enable_loader_override=False):
    import runner.analysis.analyze
    import runner.analysis.comparison
    import runner.checking.audit
    import runner.checking.explain
    import runner.experiment.reading
    import runner.reporting.origin
    import runner.reporting.provenance
    import runner.sweeping.status
    import runner.tables.loading  # noqa: F401 - what is imported here is instrumented

from tests.fuzzing.targets import TARGETS, seeds

_WORDS = Path(__file__).with_name("words.txt")


def main() -> None:
    """Fuzz one target for some minutes."""
    parsed = argparse.ArgumentParser(description=__doc__)
    parsed.add_argument("target", choices=TARGETS)
    parsed.add_argument("--minutes", type=float, default=10.0)
    parsed.add_argument("--executions", type=int, default=-1, help="Stop after so many, if that is earlier.")
    parsed.add_argument("--corpus", type=Path, help="Where inputs are kept from run to run.")
    options = parsed.parse_args()
    with tempfile.TemporaryDirectory(prefix="fuzzing-") as temporary:
        folder = Path(temporary)
        corpus = options.corpus or folder / "corpus"
        corpus.mkdir(parents=True, exist_ok=True)
        (folder / "work").mkdir()
        target = TARGETS[options.target](folder / "work")
        for number, content in enumerate(seeds(options.target, folder / "work")):
            (corpus / f"seed-{number}").write_bytes(content)
        words = [
            f"-max_total_time={round(60 * options.minutes)}",
            f"-runs={options.executions}",
            f"-dict={_WORDS}",
            f"-artifact_prefix={corpus.parent}/",
            "-timeout=10",
            "-rss_limit_mb=4096",
            "-max_len=20000",
            "-print_final_stats=1",
            str(corpus),
        ]
        atheris.Setup([sys.argv[0], *words], target)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
