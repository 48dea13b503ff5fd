"""`docker` on paper: takes the words of Docker's reference, for what the compose file names.

It runs nothing. It keeps a list of containers, so that what a shell makes of several commands can
be looked at: which were there at each moment, of which image. How an engine carries a command out,
in which order and how fast, is not known here. PAPER names the file that it keeps its list in.
"""

import argparse
import json
import os
import re
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml

OURS = "waitless-urgent-care:local"
DURATION = re.compile(r"\d+[smh]")


@dataclass
class Container:
    """One container. `image` numbers what was built, for parts that are ours."""

    id: str
    service: str
    image: int
    running: bool = True
    healthy: bool = True


@dataclass
class Paper:
    """All that is written down."""

    containers: list[Container] = field(default_factory=list)
    images: dict[str, int] = field(default_factory=lambda: {OURS: 0})
    made: int = 0
    unhealthy: bool = False
    """Whether new containers of ours do not become healthy."""
    moments: list[dict[str, int]] = field(default_factory=list)
    """After each change, how many of a service ran and were healthy."""

    @classmethod
    def load(cls, path: Path) -> "Paper":
        """What stands in a file; nothing where there is none."""
        if not path.exists():
            return cls()
        told = json.loads(path.read_text())
        told["containers"] = [Container(**one) for one in told["containers"]]
        return cls(**told)

    def save(self, path: Path) -> None:
        """Write it down, with this moment."""
        self.moments.append({name: self.count(name) for name in read_services()})
        path.write_text(json.dumps(asdict(self)))

    def of(self, service: str) -> list[Container]:
        return [one for one in self.containers if one.service == service]

    def count(self, service: str) -> int:
        return sum(one.running and one.healthy for one in self.of(service))

    def find(self, identifier: str) -> Container:
        found = [one for one in self.containers if one.id == identifier]
        if not found:
            sys.exit(f"no such container: {identifier!r}")
        return found[0]

    def fill(self, service: str, count: int) -> None:
        """Start those that stand still, add or take away until there are so many."""
        for one in self.of(service):
            one.running = True
        while len(self.of(service)) > count:
            self.containers.remove(self.of(service)[-1])
        while len(self.of(service)) < count:
            self.made += 1
            ours = service in ("api", "ingest")
            image = self.images[OURS] if ours else 0
            healthy = not (ours and self.unhealthy)
            self.containers.append(Container(f"{self.made:012x}", service, image, healthy=healthy))


def read_services() -> dict[str, Any]:
    """The services of the compose files: `count`, how many are meant, and `profiles`."""
    services: dict[str, Any] = {}
    for name in os.environ.get("COMPOSE_FILE", "docker-compose.yml").split(":"):
        text = re.sub(
            r"\$\{(\w+):-([^}]*)\}",
            lambda found: os.environ.get(found[1], found[2]),
            Path(name).read_text(),
        )
        for service, told in yaml.safe_load(text)["services"].items():
            known = services.setdefault(service, {"count": 1, "profiles": []})
            known["count"] = told.get("deploy", {}).get("replicas", known["count"])
            known["profiles"] = told.get("profiles", known["profiles"])
    return services


def _parser() -> argparse.ArgumentParser:
    services = list(read_services())
    top = argparse.ArgumentParser("docker", allow_abbrev=False)
    words = top.add_subparsers(dest="word", required=True)

    def add(parent: Any, name: str, *flags: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = parent.add_parser(name, allow_abbrev=False)
        for flag in flags:
            parser.add_argument(flag, action="store_true")
        return parser

    compose = add(words, "compose")
    compose.add_argument("--profile", action="append", default=[])
    parts = compose.add_subparsers(dest="part", required=True)
    up = add(parts, "up", "--build", "--wait", "--no-deps", "--no-recreate")
    up.add_argument("--scale", action="append", default=[])
    logs = add(parts, "logs")
    logs.add_argument("--since", type=_duration)
    for parser in (up, logs, add(parts, "ps", "--all", "--quiet"), add(parts, "stop"),
                   add(parts, "restart"), add(parts, "build")):  # fmt: skip
        parser.add_argument("services", nargs="*", metavar="SERVICE")
    once = add(parts, "run", "--rm")
    once.add_argument("services", nargs=1, choices=services)
    inside = add(parts, "exec")
    inside.add_argument("-e", dest="variables", action="append", default=[])
    inside.add_argument("services", nargs=1, choices=services)
    inside.add_argument("command", nargs=argparse.REMAINDER)

    tag = add(words, "tag")
    tag.add_argument("source")
    tag.add_argument("target")
    inspect = add(words, "inspect")
    inspect.add_argument("--format", required=True, choices=["{{.State.Health.Status}}"])
    for parser in (inspect, add(words, "stop"), add(words, "rm", "--force"), add(words, "restart")):
        parser.add_argument("containers", nargs="+")
    return top


def _duration(text: str) -> str:
    if not DURATION.fullmatch(text):
        raise argparse.ArgumentTypeError("such as 15m")
    return text


def compose(paper: Paper, told: argparse.Namespace) -> int:
    known = read_services()
    if unknown := set(told.services) - set(known):
        sys.exit(f"no such service: {unknown}")
    if unknown := set(told.profile) - {one for each in known.values() for one in each["profiles"]}:
        sys.exit(f"no such profile: {unknown}")
    plain = [name for name, one in known.items() if not set(one["profiles"]) - set(told.profile)]
    meant = told.services or plain
    match told.part:
        case "up":
            return up(paper, told, {name: known[name]["count"] for name in meant})
        case "build":
            paper.images[OURS] += 1
        case "stop":
            for one in paper.containers:
                one.running = one.running and one.service not in meant
        case "ps":
            shown = [one for one in paper.containers if one.running or told.all]
            for one in (one for one in shown if one.service in meant):
                say(one.id if told.quiet else f"{one.service} {one.id} {one.image}")
    return 0


def up(paper: Paper, told: argparse.Namespace, counts: dict[str, int]) -> int:
    """Where containers may be made anew, all are at once: an engine promises no order."""
    scale = dict(one.split("=") for one in told.scale)
    if told.build:
        paper.images[OURS] += 1
    if not told.no_recreate:
        paper.containers = [one for one in paper.containers if one.service not in counts]
        paper.save(Path(os.environ["PAPER"]))
    for name, count in counts.items():
        paper.fill(name, int(scale.get(name, count)))
    return int(told.wait and not all(one.healthy for one in paper.containers))


def engine(paper: Paper, told: argparse.Namespace) -> int:
    if told.word == "tag":
        paper.images[told.target] = paper.images[told.source]
        return 0
    for identifier in told.containers:
        one = paper.find(identifier)
        match told.word:
            case "inspect":
                say("healthy" if one.healthy else "unhealthy")
            case "stop":
                one.running = False
            case "rm":
                if one.running and not told.force:
                    sys.exit(f"{identifier} runs")
                paper.containers.remove(one)
            case "restart":
                one.running = False
                paper.save(Path(os.environ["PAPER"]))
                one.running = True
    return 0


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main() -> int:
    path = Path(os.environ["PAPER"])
    paper, told = Paper.load(path), _parser().parse_args()
    status = compose(paper, told) if told.word == "compose" else engine(paper, told)
    paper.save(path)
    return status


if __name__ == "__main__":
    sys.exit(main())
