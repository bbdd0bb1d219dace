"""The tables of a sweep, from its chunks to the place of earlier tables."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from runner.experiment.reading import whole
from runner.planning.chunks import Stub
from runner.planning.plan import Plan
from runner.sweeping import kernel_cache
from runner.sweeping.store import Store, disk
from runner.tables.columns import OUTCOMES
from runner.tables.manifest import NAME as MANIFEST
from runner.tables.manifest import write_manifest

if TYPE_CHECKING:
    from runner.tables.assembly import Assembly


class Tables:
    """Tables being written; they take chunks in the order of their numbers."""

    def __init__(self, plan: Plan, store: Store, table_format: Literal["csv", "parquet"]) -> None:
        self._plan, self._store = plan, store
        self._format: Literal["csv", "parquet"] = table_format
        self._started, self._clock = datetime.now(UTC), time.monotonic()

    @cached_property
    def _assembly(self) -> "Assembly":
        from runner.tables.assembly import Assembly as Made  # pyarrow: it loads while the second chunks are trained

        return Made(self._plan, self._store, self._format)

    def add(self, chunk: Stub) -> None:
        """Take one more chunk, which is in the store."""
        with disk(self._store.folder):
            self._assembly.add(chunk)

    @contextmanager
    def written(self) -> Iterator[None]:
        """Close the tables where the block ends, however it ends."""
        try:
            yield
            with disk(self._store.folder):
                self._assembly.finish()
        except BaseException:
            if "_assembly" in vars(self):
                self._assembly.abandon()
            raise

    def publish(self, jobs: int, backend: str) -> None:
        """Put the tables, which were made on so many jobs, and their manifest in the place of earlier ones."""
        plan, files = self._plan, self._assembly.files
        with disk(self._store.folder):
            write_manifest(
                self._store.unfinished,
                spec=whole(plan.experiment),
                axes={key: [None if value != value else value for value in of] for key, of in plan.levels.items()},
                counts={
                    "configurations": plan.configurations,
                    "trials": plan.trials,
                    **{name: int(count) for name, count in zip(OUTCOMES, self._assembly.outcomes, strict=True)},
                },
                kernel_hash=kernel_cache.kernel_hash(),
                cpu=kernel_cache.cpu(),
                files=files,
                started=self._started,
                wall_seconds=time.monotonic() - self._clock,
                jobs=jobs,
                backend=backend,
                written=plan.experiment.written,
            )
        self._store.publish([*files, MANIFEST])
