"""docs/operations.md as who runs the service at night reads it: its headings and its commands."""

import re
import subprocess
import textwrap
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
MANUAL = ROOT / "docs/operations.md"
SETUP = ". ops/night"
_PART = re.compile(
    r"^(?P<level>#{2,3}) (?P<heading>[^\n]+)$"
    r"|^ *```(?P<language>\w*)\n(?P<block>.*?)^ *```$"
    r"|`(?P<span>[^`\n]+)`",
    re.MULTILINE | re.DOTALL,
)
_COMMANDS_OF_ONE_WORD = {"alerts"}
"""Other single words in code are names of things, though a program may be called so, too."""
_MAY_BE_ABSENT = {"docker", "systemctl", "service", "sudo", "waitless", "nginx", "ssh"}


@dataclass(frozen=True)
class Command:
    """What is meant to be typed, and where it stands."""

    heading: str
    """The section's, after that of the chapter that it is in: `Start / By hand`."""
    text: str

    @property
    def is_compose(self) -> bool:
        """Whether it wants a container engine."""
        return bool(re.search(r"(^|[\s(;])(docker|roll) ", self.text))

    @property
    def is_by_hand(self) -> bool:
        """Whether it is about processes that `ops/by-hand` has started, or starts them."""
        return not self.is_compose and (
            "ops/by-hand" in self.text or self.text.startswith(("make setup", "tail "))
        )

    @property
    def is_asked(self) -> bool:
        """Whether it asks, or acts on, a service that runs in whichever way."""
        words = ("alerts", "ask ", "act ", "get ", "top ", "waitless ", SETUP)
        return self.text.startswith(words) and not self.is_of_backups

    @property
    def is_of_backups(self) -> bool:
        """Whether it belongs to backup and restore."""
        return self.heading == "Backup and restore" and not self.is_compose

    @property
    def is_of_secrets(self) -> bool:
        """Whether it makes passwords."""
        return "ops/make-secrets " in self.text


def read_commands() -> list[Command]:
    """Every command of the manual, blocks and those within sentences, in its order."""
    commands, chapter, here = [], "", ""
    for part in _PART.finditer(MANUAL.read_text(encoding="utf-8")):
        if part["level"] == "##":
            chapter = here = part["heading"]
        elif part["level"]:
            here = f"{chapter} / {part['heading']}"
        elif part["span"] is not None:
            if is_typed(part["span"]):
                commands.append(Command(here, part["span"]))
        elif part["language"] == "sh":
            commands.append(Command(here, textwrap.dedent(part["block"]).strip()))
        else:
            assert part["language"] == "toml", f"a block of no known kind in {here}"
    return commands


def read_settings() -> str:
    """The settings that the manual shows, as TOML."""
    (block,) = re.findall(r"^ *```toml\n(.*?)^ *```$", MANUAL.read_text(), re.MULTILINE | re.DOTALL)
    return textwrap.dedent(block)


def is_typed(span: str) -> bool:
    """Whether code within a sentence is a command: what a shell would run, if of two words."""
    first, _, rest = span.partition(" ")
    return span in _COMMANDS_OF_ONE_WORD or (bool(rest) and _is_run(first))


@cache
def _is_run(word: str) -> bool:
    """Whether a shell of the manual's reader has such a command, or would have elsewhere."""
    told = subprocess.run(
        ["bash", "-c", f'{SETUP}; type -t -- "$1"', "bash", word],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    return told.returncode == 0 or word in _MAY_BE_ABSENT


def read_by_hand(heading: str) -> list[str]:
    """The commands of a section that work on processes started by hand, in its order."""
    found = [one.text for one in read_commands() if one.heading == heading and one.is_by_hand]
    assert found, heading
    return found
