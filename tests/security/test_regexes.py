"""Every regular expression that strangers' text meets takes time in proportion to its length."""

import importlib
import inspect
import pkgutil
import re
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest

import feeds
import routing
import waitless
from feeds.definition import FeedDefinition, list_shipped, load_definition
from feeds.fields import Condition
from feeds.formats.text_rows import TextRows

ROOT = Path(__file__).parents[2]
PACKS = sorted((ROOT / "waitless" / "areas").glob("*/feeds/*.toml"))
SHORT, TIMES = 250, 16
MOST_RATIO = 80.0
"""For text 16 times as long: 16 is in proportion, 256 is by its square. Between them is room for a
machine that has other things to do."""
WORTH_TIMING_S = 0.001
MOST_TOKENS = 7
NEVER_ALONE = {"feeds.formats.html_depth._ATTRIBUTES-0"}
"""It is given nothing but what it has matched before, as part of another that is tried here too."""
METHODS = ("search", "match", "fullmatch", "sub", "finditer", "findall", "split")


def list_patterns() -> Iterator[tuple[str, re.Pattern[str] | re.Pattern[bytes], frozenset[str]]]:
    """Every compiled expression of our modules, and by which methods its module uses it."""
    for package in (feeds, routing, waitless):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if found.name.endswith("__main__"):
                continue
            module = importlib.import_module(found.name)
            for name, value in vars(module).items():
                listed = value.values() if isinstance(value, dict) else (value,)
                patterns = [one for one in listed if isinstance(one, re.Pattern)]
                if patterns:
                    used = re.findall(rf"\b{name}\b[^\n.]*\.(\w+)\(", inspect.getsource(module))
                    methods = frozenset(METHODS) & frozenset(used) or {"search", "fullmatch"}
                    for number, pattern in enumerate(patterns):
                        if (told := f"{found.name}.{name}-{number}") not in NEVER_ALONE:
                            yield told, pattern, frozenset(methods)


def list_own() -> Iterator[tuple[str, re.Pattern[str], frozenset[str]]]:
    """Every expression of the definitions that come with the service."""
    for path in [*list_shipped(), *PACKS]:
        definition = load_definition(path)
        for number, (pattern, method) in enumerate(_patterns_of(definition)):
            yield f"{path.stem}-{number}", pattern, frozenset({method})


def _patterns_of(definition: FeedDefinition) -> Iterator[tuple[re.Pattern[str], str]]:
    rows = definition.rows
    located = [locator for _, locator in definition.fields.list_locators()]
    for locator in [*located, *rows.drop, *rows.require]:
        if locator.pattern is not None:
            yield re.compile(locator.pattern), "search"
        if isinstance(locator, Condition) and locator.matches is not None:
            yield re.compile(locator.matches), "search"
    if rows.complete is not None:
        yield re.compile(rows.complete), "search"
    if isinstance(rows, TextRows):
        yield from ((pattern, "finditer") for pattern in rows.compile())


def tokens_of(pattern: str) -> list[str]:
    """What such an expression is likely to take: its words, a letter of each of its classes."""
    words = re.findall(r"(?<!\\)[a-zA-Z]{2,}|<+/?[a-z]+|[:,;<>!&%=+.-]", pattern)
    classes = [sample for mark, sample in (
        (r"\d", "1"), ("0-9", "1"), (r"\s", " "), (" ", " "), (r"\w", "a"), ("a-z", "a"),
        ("A-Z", "A"), (r"\n", "\n"), (".", "a "), (r"\D", "\n"),
    ) if mark in pattern]  # fmt: skip
    return list(dict.fromkeys([*classes, *words]))[:MOST_TOKENS]


def list_attacks(pattern: str) -> Iterator[Callable[[int], str]]:
    """Texts of a wanted length, each with much that nearly matches and an end that does not."""
    tokens = tokens_of(pattern)
    pumps = [*tokens, *(a + b for a, b in product(tokens, tokens) if a != b)]
    for pump, before, after in product(pumps, ["", *tokens[:2]], ["", "\x00"]):
        yield lambda length, b=before, p=pump, a=after: b + p * (length // len(p)) + a


def take_s(use: Callable[[str], object], text: str) -> float:
    """Of this thread's own time: that of others on the machine is not the expression's."""
    began = time.thread_time()
    use(text)
    return time.thread_time() - began


def user(pattern: re.Pattern[str] | re.Pattern[bytes], method: str) -> Callable[[str], object]:
    def use(text: str) -> object:
        given = text.encode() if isinstance(pattern.pattern, bytes) else text
        if method == "sub":
            return pattern.sub(given[:0], given)
        if method == "finditer":
            return sum(1 for _ in pattern.finditer(given))
        return getattr(pattern, method)(given)

    return use


def find_blow_up(
    pattern: re.Pattern[str] | re.Pattern[bytes], methods: frozenset[str]
) -> str | None:
    """A text for which it takes out of proportion; None where none of ours does."""
    source = pattern.pattern
    text = source.decode("latin-1") if isinstance(source, bytes) else source
    for method, attack in product(sorted(methods), list_attacks(text)):
        use = user(pattern, method)
        if take_s(use, attack(SHORT * TIMES)) < WORTH_TIMING_S:
            continue
        long_s = min(take_s(use, attack(SHORT * TIMES)) for _ in range(5))
        short_s = min(take_s(use, attack(SHORT)) for _ in range(5))
        if long_s >= WORTH_TIMING_S and long_s > MOST_RATIO * short_s:
            return f"{method} {attack(40)!r}: {SHORT} in {short_s:.6f} s, {TIMES}x in {long_s:.6f}"
    return None


@pytest.mark.parametrize(
    ("pattern", "methods"),
    [pytest.param(pattern, methods, id=name) for name, pattern, methods in list_patterns()],
)
def test_an_expression_of_ours_takes_time_in_proportion(
    pattern: re.Pattern[str], methods: frozenset[str]
) -> None:
    assert find_blow_up(pattern, methods) is None


@pytest.mark.parametrize(
    ("pattern", "methods"),
    [pytest.param(pattern, methods, id=name) for name, pattern, methods in list_own()],
)
def test_an_expression_of_a_definition_takes_time_in_proportion(
    pattern: re.Pattern[str], methods: frozenset[str]
) -> None:
    assert find_blow_up(pattern, methods) is None


@pytest.mark.parametrize("pattern", ["--+>", "over [a-z ]+ 1$", r"^(\D+?)\s*(?:\d.*)?$"])
def test_an_expression_that_blows_up_is_found(pattern: str) -> None:
    assert find_blow_up(re.compile(pattern), frozenset({"search"})) is not None
