"""Room for results that wait in this process: a worker gets its next chunk when there is room for what it brought."""

from collections import deque
from collections.abc import Callable
from threading import Lock


class Room:
    """Room for so many results that have come and are not taken yet.

    For each that comes, joblib has a callback that passes it on and hands out a next call. It is made at once while
    there is room, and otherwise by whoever takes a result: by not blocking, as joblib holds a lock of its taker's
    around the choice of a next call, and Dask's event loop makes the callbacks.
    """

    def __init__(self, most: int) -> None:
        self._most, self._count = max(most, 1), 0
        self._outside = deque[Callable[[], None]]()
        self._lock = Lock()

    def come(self, callback: Callable[[], None]) -> None:
        """A result has come."""
        with self._lock:
            if self._count == self._most:
                self._outside.append(callback)
                return
            self._count += 1
        callback()

    def taken(self) -> None:
        """A result that was passed on has been taken."""
        with self._lock:
            if not self._outside:
                self._count -= 1
                return
            callback = self._outside.popleft()
        callback()
