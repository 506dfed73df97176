"""A real browser against the real server: stores made by the verbs, one server a store and file of tests."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from mlops_nb.store.locking import only_one
from tests.benchmarks.peers.browser import FLAGS

ROOT = Path(__file__).parents[2]
READY = "document.documentElement.dataset.ready === 'true'"
HERE = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:", "file:", "about:")


def make(what: str, folder: Path, *more: str) -> None:
    """Make a store in a process of its own."""
    command = [sys.executable, "-m", "tests.ui.making", what, str(folder), *more]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "MLOPS_NB_SPARE": "0"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Server:
    """`mlops-nb dashboard` for one store, in a process of its own."""

    folder: Path
    options: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / f"dashboard-{self.port}.log"

    def start(self) -> Server:
        command = [
            str(Path(sys.executable).with_name("mlops-nb")),
            "dashboard",
            "--port",
            str(self.port),
            *self.options,
        ]
        env = {**os.environ, "MLOPS_NB_STORE": str(self.folder / ".mlops"), "MLOPS_NB_SPARE": "0", **self.env}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, env=env, stdout=log, stderr=log)
        end = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(self.url + "/home", timeout=30):
                    return self
            except urllib.error.HTTPError:
                return self
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
                assert time.monotonic() < end, self.log.read_text()
                time.sleep(0.1)

    @property
    def serving(self) -> psutil.Process:
        """The process that serves; the command only waits for it."""
        assert self.process is not None
        (found,) = psutil.Process(self.process.pid).children()
        return found

    def kill(self) -> None:
        """As when the machine takes it: without a word."""
        assert self.process is not None
        self.serving.kill()
        self.process.wait(30)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)


class Visitor:
    """One browser of one person, and what it complained of."""

    def __init__(self, context: Any, base: str) -> None:
        self.context, self.base = context, base
        self.page = context.new_page()
        self.heard: list[str] = []
        self.listen()

    def listen(self) -> None:
        page = self.page
        page.on("console", self.said)
        page.on("pageerror", lambda error: self.heard.append(f"page error: {str(error)[:300]}"))
        page.on("requestfailed", self.failed)
        page.on("response", lambda r: r.status >= 400 and self.heard.append(f"{r.status}: {r.url[:200]}"))
        page.on("request", lambda r: r.url.startswith(HERE) or self.heard.append(f"foreign: {r.url[:200]}"))
        page.on("websocket", lambda w: w.url.startswith(HERE) or self.heard.append(f"foreign: {w.url[:200]}"))
        page.on("dialog", self.refuse)

    def said(self, message: Any) -> None:
        # Chromium's software driver says so of any page that draws with WebGL.
        if message.type in ("error", "warning") and "GL Driver Message" not in message.text:
            self.heard.append(f"{message.type}: {message.text[:300]}")

    def failed(self, request: Any) -> None:
        # Whoever leaves a page while it still loads a font or a style has aborted that, and lacks nothing.
        if request.failure != "net::ERR_ABORTED" or request.resource_type not in ("font", "stylesheet"):
            self.heard.append(f"failed: {request.url[:200]} {request.failure}")

    def refuse(self, dialog: Any) -> None:
        self.heard.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def open(self, address: str) -> Any:
        """The page at an address, once every part of it is alive."""
        self.page.goto(f"{self.base}/{address}", wait_until="commit")
        return self.ready()

    def ready(self) -> Any:
        self.page.wait_for_function(READY, timeout=60_000)
        return self.page


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    # Not one a session: while Playwright's loop runs, the tests of other files could run none of their own.
    sync_api = pytest.importorskip("playwright.sync_api", reason="the browser tests need Playwright")
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("there is no Chromium here")
    sync_api.expect.set_options(timeout=20_000)  # other tests want the machine too
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


Visit = Callable[..., Visitor]


@pytest.fixture
def visitor(chromium: Any) -> Iterator[Visit]:
    """Makes visitors. What the browser of one complained of fails the test, unless `quiet=False` expects it."""
    made: list[tuple[Visitor, bool]] = []

    def visit(server: Server, *, theme: str = "light", width: int = 1440, quiet: bool = True, **more: Any) -> Visitor:
        options = {"viewport": {"width": width, "height": 1000}, "color_scheme": theme, "accept_downloads": True}
        context = chromium.new_context(**(options | more))
        context.set_default_timeout(45_000)
        found = Visitor(context, server.url)
        made.append((found, quiet))
        return found

    yield visit
    for one, _ in made:
        one.context.close()
    complaints = [line for one, quiet in made if quiet for line in one.heard]
    assert not complaints, complaints


_made: dict[str, Path] = {}


def once(factory: pytest.TempPathFactory, what: str, *more: str) -> Path:
    """A store that is made once a session, whichever folder of tests, in whichever of its processes, asks first."""
    if what not in _made:
        own = factory.getbasetemp()
        root = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
        folder, done = root / f"made-{what}", root / f"made-{what}.done"
        with only_one(folder):
            if not done.exists():
                folder.mkdir()
                make(what, folder, *more)
                done.touch()
        _made[what] = folder
    return _made[what]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lively store as it was made; each file of tests has a copy."""
    return once(tmp_path_factory, "lively")


@pytest.fixture(scope="session")
def large_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """100,000 runs made by the verbs."""
    return once(tmp_path_factory, "large", os.environ.get("MLOPS_NB_TEST_RUNS", "100000"))


def copy_of(store: Path, folder: Path) -> Path:
    shutil.copytree(store / ".mlops", folder / ".mlops")
    return folder


@pytest.fixture(scope="module")
def lively_store(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """About 60 runs: several experiments, curves, one that failed, one that was killed, one alive, hostile texts."""
    folder = copy_of(made, tmp_path_factory.mktemp("store"))
    alive = Running(folder, "churn")
    yield folder
    alive.close()


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("empty")


@pytest.fixture(scope="module")
def lively(lively_store: Path) -> Iterator[Server]:
    yield from served(lively_store)


@pytest.fixture(scope="module")
def empty(empty_store: Path) -> Iterator[Server]:
    yield from served(empty_store)


@pytest.fixture(scope="module")
def large(large_store: Path) -> Iterator[Server]:
    yield from served(large_store)


def served(folder: Path, *options: str) -> Iterator[Server]:
    server = Server(folder, options)
    try:
        yield server.start()
    finally:
        server.stop()


class Running:
    """A run in a process of its own, alive until it is told to end."""

    def __init__(self, folder: Path, experiment: str) -> None:
        command = [sys.executable, "-m", "tests.ui.making", "running", str(folder), experiment]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self.process.stdout is not None
        self.id = self.process.stdout.readline().strip()
        assert self.id

    def say(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def log(self, value: float) -> None:
        self.say(str(value))

    def close(self, word: str = "") -> None:
        if self.process.poll() is None:
            self.say(word)
        self.process.communicate(timeout=30)
