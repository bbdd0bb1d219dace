"""A headless Chromium, spoken to in its DevTools protocol over a pair of pipes."""

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--remote-debugging-pipe",
]
# The browser reads commands from descriptor 3 and writes answers to 4, whatever those are in this process.
_LAUNCH = """
import fcntl, os, sys
read, write = (fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3])
os.dup2(read, 3), os.dup2(write, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Page:
    """A page in the browser, with all it said and asked for since it was opened."""

    def __init__(self, browser: "Browser", session: str) -> None:
        self._browser, self._session = browser, session
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")

    def open(self, file: Path, width: int = 1400, height: int = 900, *, dark: bool = False, media: str = "") -> None:
        """Load a file in a window of this size, and wait until it stands."""
        self._browser.events.clear()
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self._call("Emulation.setEmulatedMedia", media=media, features=features)
        self.resize(width, height)
        self._call("Page.navigate", url=file.resolve().as_uri())
        self._browser.wait(lambda event: event["method"] == "Page.loadEventFired")

    def resize(self, width: int, height: int = 900) -> None:
        """Give the window a size."""
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def run(self, script: str) -> Any:
        """Evaluate an expression in the page; what it throws fails the test."""
        found = self._call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def press(self, key: str, code: int) -> None:
        """Press and release a key, where the focus is."""
        text = {"text": "\r"} if key == "Enter" else {}
        self._call("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **text)
        self._call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def said(self) -> list[str]:
        """Everything on the console, and every error, since the page was opened."""
        self.run("new Promise(done => setTimeout(done, 20))")
        spoken = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        return [json.dumps(event["params"]) for event in self._browser.events if event["method"] in spoken]

    def asked_for(self) -> list[str]:
        """The address of everything that was requested since the page was opened, the page itself first."""
        return [
            event["params"]["request"]["url"]
            for event in self._browser.events
            if event["method"] == "Network.requestWillBeSent"
        ]

    def screenshot(self, out: Path, *, whole: bool = True) -> None:
        """Write the page as a PNG, down to its end or as far as the window shows it."""
        picture = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=whole, **self._clip(whole))
        out.write_bytes(base64.b64decode(picture["data"]))

    def _clip(self, whole: bool) -> dict[str, Any]:
        if not whole:
            return {}
        size = self._call("Page.getLayoutMetrics")["cssContentSize"]
        return {"clip": {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 16_000), "scale": 1}}

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._browser.call(method, self._session, **parameters)


class Browser:
    """The other end of the pipes."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = os.fdopen(commands, "wb", 0), os.fdopen(answers, "rb", 0)
        self._held, self._number = b"", 0
        self.events: list[dict[str, Any]] = []

    def page(self) -> Page:
        """Open an empty page."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        return Page(self, self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])

    def call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """Give a command and return its answer; what happens in between is kept in `events`."""
        self._number += 1
        said = {"id": self._number, "method": method, "params": parameters} | (
            {"sessionId": session} if session else {}
        )
        self._commands.write(json.dumps(said).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return dict(answer["result"])
            self.events.append(answer)

    def wait(self, condition: Any) -> None:
        """Wait for an event."""
        while not any(condition(event) for event in self.events):
            self.events.append(self._read())

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._held:
            some = self._answers.read(2**20)
            assert some, "the browser has ended"
            self._held += some
        message, _, self._held = self._held.partition(b"\0")
        return dict(json.loads(message))

    def close(self) -> None:
        """End the browser and the pipes."""
        self.call("Browser.close")
        self._commands.close()
        self._answers.close()


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A browser that keeps its profile in a folder of its own, and ends with the block."""
    assert PROGRAM is not None
    (their_read, our_write), (our_read, their_write) = os.pipe(), os.pipe()
    program = [sys.executable, "-c", _LAUNCH, str(their_read), str(their_write), PROGRAM]
    process = subprocess.Popen(
        [*program, *_FLAGS, f"--user-data-dir={folder}", "about:blank"],
        pass_fds=(their_read, their_write),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(their_read)
    os.close(their_write)
    there = Browser(our_write, our_read)
    try:
        yield there
        there.close()
    finally:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main() -> None:
    """Write a page as a picture: PAGE OUT WIDTH HEIGHT [dark], where height 0 goes down to the end.

    docs/report.png is that of results/xor/report.html with 1400 1840.
    """
    import tempfile

    page, out, width, height = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    with tempfile.TemporaryDirectory() as folder, browser(Path(folder) / "profile") as there:
        tab = there.page()
        tab.open(page, width, height or 900, dark="dark" in sys.argv)
        tab.screenshot(out, whole=not height)


if __name__ == "__main__":
    main()
