"""All servers of the comparison, each on the first core, with what wrk is to ask of them."""

import asyncio
import json
import os
import random
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from redis.asyncio import Redis

from feeds.model import Statistic, Wait
from loadtests.benchmarks.hot.pack import write_pack
from loadtests.benchmarks.servers import find_program, free_port, running_servers, wait_for_port
from routing.tablefile import encode_frame, encode_table
from waitless.area.pack import find_pack, load_area
from waitless.pulse import Pulse
from waitless.reading import Reading
from waitless.store import Store
from waitless.travel import Shelf, TravelBuilder
from waitless.travel.shelf import Entry

STARTED_WITHIN_S = 60.0
QUESTION = "/v1/recommendations?place=CT1"
ORIGINS = 500
COLD_STARTS = 5


@dataclass(frozen=True, slots=True)
class Case:
    """What wrk asks, and whom."""

    port: int
    script: Path
    pid: int

    def cpu_s(self) -> float:
        """CPU that the server and its children have taken, seconds."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        ticks = 0
        for pid in (self.pid, *children):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Fleet:
    """The running servers."""

    folder: Path
    redis_url: str
    stack: ExitStack
    cases: dict[str, Case] = field(default_factory=dict)
    pids: dict[int, int] = field(default_factory=dict)
    """Processes by their port."""

    def serve(self, area: Path | str, **settings: object) -> int:
        """Start an API worker; gives its port once it is ready."""
        return self._start_worker(self.stack, area, settings)[0]

    def cold_start_s(self) -> float:
        """Median seconds from starting an API worker to ready, on one core."""
        taken = []
        for _ in range(COLD_STARTS):
            with ExitStack() as stack:
                taken.append(self._start_worker(stack, "east-kent", {})[1])
        return median(taken)

    def _start_worker(
        self, stack: ExitStack, area: Path | str, settings: dict[str, object]
    ) -> tuple[int, float]:
        port = free_port()
        given = {"area": area, "redis_url": self.redis_url, "port": port, **settings}
        variables = {f"WAITLESS_{name.upper()}": str(value) for name, value in given.items()}
        waitless = Path(sys.executable).with_name("waitless")
        log = self.folder / f"{port}.log"
        begun = time.monotonic()
        process = stack.enter_context(
            _running([str(waitless), "serve", "--role", "api"], log, variables)
        )
        self.pids[port] = process.pid
        _wait_until_ready(port, process, log)
        return port, time.monotonic() - begun

    def add(self, name: str, port: int, *paths: str, **headers: str) -> None:
        """A case that asks for paths in turn."""
        script = self.folder / f"{len(self.cases)}.lua"
        lines = "".join(f"wrk.headers[{json.dumps(key.replace('_', '-'))}] = {json.dumps(value)}\n"
                        for key, value in headers.items())  # fmt: skip
        if len(paths) == 1:
            script.write_text(f"wrk.path = {json.dumps(paths[0])}\n{lines}")
        else:
            told = ",".join(json.dumps(path) for path in paths)
            script.write_text(
                f"{lines}local paths = {{{told}}}\nlocal made = {{}}\nlocal i = 0\n"
                "function init(args)\n  for k, path in ipairs(paths) do\n"
                "    made[k] = wrk.format(nil, path)\n  end\nend\n"
                "function request()\n  i = i % #made + 1\n  return made[i]\nend\n"
            )
        self.cases[name] = Case(port, script, self.pids[port])


@contextmanager
def start_fleet(folder: Path) -> Iterator[Fleet]:
    """Start everything, with a board full of fresh waits in Redis."""
    with ExitStack() as stack:
        servers = stack.enter_context(running_servers())
        fleet = Fleet(folder, servers.redis_url, stack)
        _add_cases(fleet, servers.redis_port)
        yield fleet


def _add_cases(fleet: Fleet, redis_port: int) -> None:
    fill(fleet.redis_url, "east-kent")
    lots = random.Random(3)
    origins = [
        f"/v1/recommendations?lat={lots.uniform(51.15, 51.35):.5f}&lon={lots.uniform(0.9, 1.3):.5f}"
        for _ in range(ORIGINS)
    ]
    warm = fleet.serve("east-kent")
    computed = fleet.serve("east-kent", cache_entries=0)
    fast = fleet.serve("east-kent", fast_path="true")
    fast_computed = fleet.serve("east-kent", fast_path="true", cache_entries=0)
    uvloop = fleet.serve("east-kent", loop="uvloop", fast_path="true")
    uvloop_computed = fleet.serve("east-kent", loop="uvloop", fast_path="true", cache_entries=0)
    pack = write_pack(fleet.folder, 300)
    fill(fleet.redis_url, pack)
    many = fleet.serve(pack, cache_entries=0, most_minutes=600)
    body = ask(warm, QUESTION)
    bodies = {
        "constant": body,
        "of-22": _middling([ask(computed, path) for path in origins[:50]]),
        "of-300": _middling([ask(many, path) for path in origins[:50]]),
    }
    for name, content in bodies.items():
        print(f"  {name}: {len(content)} bytes")
        (fleet.folder / name).write_bytes(content)
    port = free_port()
    words = [f"{name}={fleet.folder / name}" for name in bodies]
    reference = [sys.executable, "-m", "loadtests.benchmarks.hot.reference"]
    process = fleet.stack.enter_context(
        _running([*reference, str(port), str(redis_port), *words], fleet.folder / "ref.log", {})
    )
    fleet.pids[port] = process.pid
    wait_for_port(port, process, STARTED_WITHIN_S)
    fleet.add("constant", port, "/constant")
    fleet.add("constant of 22", port, "/of-22")
    fleet.add("constant of 300", port, "/of-300")
    fleet.add("nginx", _start_nginx(fleet), "/constant")
    fleet.add("warm", warm, QUESTION)
    fleet.add("gzipped", warm, QUESTION, Accept_Encoding="gzip")
    fleet.add("not_modified", warm, QUESTION, If_None_Match="*")
    fleet.add("computed 22", computed, *origins)
    fleet.add("computed 300", many, *origins)
    fleet.add("fast warm", fast, QUESTION)
    fleet.add("fast not_modified", fast, QUESTION, If_None_Match="*")
    fleet.add("fast computed 22", fast_computed, *origins)
    # With a header that no plain question has, so that aiohttp parses it.
    fleet.add("uvloop warm", uvloop, QUESTION, X_Plain="no")
    fleet.add("uvloop fast warm", uvloop, QUESTION)
    fleet.add("uvloop fast computed 22", uvloop_computed, *origins)
    fleet.add("redis GET each", port, "/redis")


def ask(port: int, path: str) -> bytes:
    """The body of an answer."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
        content: bytes = response.read()
    return content


def _middling(bodies: list[bytes]) -> bytes:
    return sorted(bodies, key=len)[len(bodies) // 2]


def fill(redis_url: str, area_name: Path | str) -> None:
    """Put travel tables and fresh waits of an area into Redis."""
    asyncio.run(_fill(redis_url, area_name))


async def _fill(redis_url: str, area_name: Path | str) -> None:
    """Travel tables, and fresh waits for every facility; they stay live for half an hour."""
    area = load_area(find_pack(str(area_name)))
    now = datetime.now(UTC)
    lots = random.Random(5)
    redis = Redis.from_url(redis_url)
    shelf = Shelf(redis, area.id)
    builder = TravelBuilder(area, 720)
    for mode, table in builder.build().by_mode.items():
        reach = table.reach
        entry = Entry(
            pack=builder.pack, frame=reach.frame.version, table=reach.table_version, as_of=None
        )
        await shelf.put(mode, entry, encode_frame(reach.frame), encode_table(reach))
    async with Store(redis, area.id) as store:
        await store.save_readings(
            [
                Reading(
                    facility_id=facility_id,
                    feed_id="bench",
                    as_of=now,
                    received_at=now,
                    wait=Wait(minutes=lots.randrange(5, 240), statistic=Statistic.MEDIAN),
                    wait_as_of=now,
                    patients_waiting=lots.randrange(30),
                )
                for facility_id in area.facilities
            ]
        )
        await store.save_health([], Pulse(at=now))


def _start_nginx(fleet: Fleet) -> int:
    port, folder = free_port(), fleet.folder
    nginx = find_program("nginx")
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr;\n"
        "events { worker_connections 1024; }\n"
        f"http {{ access_log off; {temporary} keepalive_requests 100000000; sendfile on;\n"
        "tcp_nopush on; open_file_cache max=10; default_type application/json;\n"
        f"server {{ listen 127.0.0.1:{port}; root {folder}; }} }}\n"
    )
    words = [nginx, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    process = fleet.stack.enter_context(_running(words, folder / "nginx.log", {}))
    if os.getuid() == 0:
        folder.chmod(0o755)  # its worker is another user
    fleet.pids[port] = process.pid
    wait_for_port(port, process, STARTED_WITHIN_S)
    return port


@contextmanager
def _running(
    words: list[str], log: Path, variables: dict[str, str]
) -> "Iterator[subprocess.Popen[bytes]]":
    with log.open("wb") as file:
        process = subprocess.Popen(
            [find_program("taskset"), "-c", "0", *words],
            env={**os.environ, **variables},
            stdout=file,
            stderr=file,
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait()


def _wait_until_ready(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Until it has a board: /readyz would also want a live ingest, which nobody is here."""
    deadline = time.monotonic() + STARTED_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if b'"degraded":false' in ask(port, QUESTION):
                return
        except (OSError, urllib.error.URLError):
            pass
        time.sleep(0.01)
    raise RuntimeError(f"a worker did not become ready:\n{log.read_text()}")
