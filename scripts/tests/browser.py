"""A headless Chromium, spoken to over a pipe by its DevTools protocol: no driver, no library.

One browser serves all tests of a session; each page is a tab of its own.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any

PATIENCE_S = 60


def find() -> str | None:
    """The path of a Chromium, or None."""
    wanted = os.environ.get("REGATTA_CHROMIUM")
    names = [wanted] if wanted else ["chromium", "chromium-browser", "google-chrome", "chrome"]
    return next((path for name in names if (path := shutil.which(name))), None)


class Browser:
    """A browser that ends with this object; raises RuntimeError where it does not start."""

    def __init__(self, program: str) -> None:
        self._home = tempfile.mkdtemp(prefix="regatta-browser-")
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()
        options = ["--headless", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
        options += ["--no-sandbox"] if os.geteuid() == 0 else []
        # The protocol is spoken on descriptors 3 and 4, which the shell puts where they belong.
        script = f'exec "$@" 3<&{to_browser} 4>&{from_browser}'
        self._process = subprocess.Popen(
            ["bash", "-c", script, "sh", program, *options]
            + ["--remote-debugging-pipe", f"--user-data-dir={self._home}", "about:blank"],
            pass_fds=(to_browser, from_browser),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"HOME": self._home},
        )
        os.close(to_browser)
        os.close(from_browser)
        self._rest = b""
        self._number = 0
        self.events: list[dict[str, Any]] = []
        try:
            self.call("Browser.getVersion")
        except RuntimeError:
            self.close()
            raise RuntimeError(f"{program} does not start") from None

    def call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """One call, and its answer; events that come meanwhile are kept."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        try:
            os.write(self._out, json.dumps(message).encode() + b"\0")
        except BrokenPipeError:
            raise RuntimeError("the browser has ended") from None
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def wait(self, method: str, session: str) -> dict[str, Any]:
        """The next event of this kind that was not waited for before."""
        while True:
            for number, event in enumerate(self.events):
                if event.get("method") == method and event.get("sessionId") == session:
                    return self.events.pop(number)
            self.events.append(self._next())

    def _next(self) -> dict[str, Any]:
        # A browser that hangs must not hang the tests: killed, it closes the pipe.
        timer = threading.Timer(PATIENCE_S, self._process.kill)
        timer.start()
        try:
            while b"\0" not in self._rest:
                part = os.read(self._in, 1 << 20)
                if not part:
                    raise RuntimeError("the browser has ended")
                self._rest += part
        finally:
            timer.cancel()
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def open(self, path: Path, hash: str = "", width: int = 1280, script: bool = True) -> Tab:
        """A page of a file, loaded; `width` in pixels is the screen's."""
        return Tab(self, path, hash, width, script)

    def close(self) -> None:
        with contextlib.suppress(RuntimeError, OSError):
            self.call("Browser.close")
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        os.close(self._out)
        shutil.rmtree(self._home, ignore_errors=True)


class Tab:
    """One page in the browser: what it fetched, what it complained of, and what it is asked."""

    def __init__(self, browser: Browser, path: Path, hash: str, width: int, script: bool) -> None:
        self._browser = browser
        self._target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        attached = browser.call("Target.attachToTarget", targetId=self._target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")
        if not script:
            self._call("Emulation.setScriptExecutionDisabled", value=True)
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self.go(path.as_uri() + hash)

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._browser.call(method, self._session, **parameters)

    def go(self, address: str) -> None:
        """Another page in the same tab."""
        self._call("Page.navigate", url=address)
        self.loaded()
        # What has loaded may be the blank page with which a tab begins.
        while self.ask("location.href") == "about:blank":
            self.loaded()

    def loaded(self) -> None:
        """Waits until the page that was asked for has loaded."""
        self._browser.wait("Page.loadEventFired", self._session)

    def ask(self, expression: str) -> Any:
        """The value of an expression on the page."""
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    def press(self, key: str, code: int) -> None:
        """A key, as a user presses it."""
        for kind in ("rawKeyDown", "char", "keyUp"):
            if kind == "char" and key != "Enter":
                continue
            more = {"text": "\r"} if kind == "char" else {}
            self._call(
                "Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **more
            )

    def pdf(self) -> bytes:
        """The page as a printer gets it."""
        return base64.b64decode(self._call("Page.printToPDF", printBackground=True)["data"])

    def _own(self, method: str) -> list[dict[str, Any]]:
        return [
            event["params"]
            for event in self._browser.events
            if event.get("sessionId") == self._session and event.get("method") == method
        ]

    @property
    def fetched(self) -> list[str]:
        """Every address that was asked for."""
        return [event["request"]["url"] for event in self._own("Network.requestWillBeSent")]

    @property
    def complaints(self) -> list[str]:
        """What stands on the console, and exceptions that nobody caught."""
        said = [event["entry"]["text"] for event in self._own("Log.entryAdded")]
        said += [json.dumps(event["args"]) for event in self._own("Runtime.consoleAPICalled")]
        return said + [
            event["exceptionDetails"]["text"] for event in self._own("Runtime.exceptionThrown")
        ]

    def close(self) -> None:
        self._browser.call("Target.closeTarget", targetId=self._target)
