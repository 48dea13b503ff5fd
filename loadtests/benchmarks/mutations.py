"""How payloads are spoilt: seeded, so that the same generator spoils them the same way."""

import json
import random
import re
from collections.abc import Callable
from typing import Any

TIMES = (0, 1, 1, 1, 1, 2, 2, 3)
"""How many mutations a payload gets, each as likely as the others."""
NUMBERS = (
    "-1", "-0", "0", "1e308", "1e999", "-1e999", "NaN", "Infinity", "-Infinity", "1440", "1441",
    "99999", "100001", "9007199254740993", "18446744073709551616", "1" + "0" * 400, "0.1e-400",
    "00", "1_000", "0x10", "١٢", "1" * 5000,
)  # fmt: skip
WORDS = (
    "\u0000", "\ud800", "\udfff\ud800", "\u202e", "\ufeff", "\u2028", "\u0130", "\u017f", "é",
    "🚑", "²", "a\u0300" * 50, "%s", "{}", "../", "\\", '"', "'", "<td>", "</table>", "\r", "\n",
    "\t", ",", "No data", "x" * 10_000,
)  # fmt: skip
DEPTHS = (3, 30, 300, 480, 900, 990, 1020, 2_000, 30_000)
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 10**30, "", "0", "null", [], {}, [[]], [1, "a", None], {"a": 1},
    {"low": 1}, {"low": None, "high": None}, {"high": 5, "low": 6}, "2026-11-23T09:00:00Z",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-02-30 10:00", "24:00", 1e300,
)  # fmt: skip
BYTES = (
    b"\x00",
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xef\xbb\xbf",
    b"\x1b",
)

_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_PAIR = re.compile(rb'"[^"\\]{1,40}":(?:"[^"\\]*"|-?[\d.]+|null|true|false)')


def mutate(chance: random.Random, payload: bytes) -> bytes:
    """A payload, spoilt up to three times."""
    for _ in range(chance.choice(TIMES)):
        payload = chance.choice(_WAYS)(chance, payload)
    return payload


def mutate_topic(chance: random.Random, topic: str) -> str:
    """A topic that is nearly right; never one that a broker could not carry."""
    parts = topic.split("/")
    place = chance.randrange(len(parts))
    match chance.randrange(5):
        case 0:
            parts[place] = chance.choice(("", "x" * 100, "É", "nobody", "deal-utc", "wait", "🚑"))
        case 1:
            parts.insert(place, chance.choice(parts))
        case 2:
            del parts[place]
        case 3:
            parts[place] = parts[place].upper()
        case _:
            parts = ["/".join(parts)[: chance.randrange(1, len(topic))]]
    return "/".join(parts)


def _flip_bits(chance: random.Random, payload: bytes) -> bytes:
    spoilt = bytearray(payload)
    for _ in range(min(len(spoilt), chance.randrange(1, 9))):
        spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
    return bytes(spoilt)


def _truncate(chance: random.Random, payload: bytes) -> bytes:
    return payload[: chance.randrange(len(payload) + 1)]


def _cut_out(chance: random.Random, payload: bytes) -> bytes:
    start = chance.randrange(len(payload) + 1)
    return payload[:start] + payload[start + chance.randrange(1, 40) :]


def _repeat(chance: random.Random, payload: bytes) -> bytes:
    start = chance.randrange(len(payload) + 1)
    part = payload[start : start + chance.randrange(1, 200)]
    return payload[:start] + part * chance.choice((1, 1, 2, 50)) + payload[start:]


def _insert(chance: random.Random, payload: bytes) -> bytes:
    at = chance.randrange(len(payload) + 1)
    word = chance.choice(WORDS).encode(errors="surrogatepass")
    junk = word if chance.random() < 0.5 else chance.choice(BYTES)
    return payload[:at] + junk + payload[at:]


def _blow_up_number(chance: random.Random, payload: bytes) -> bytes:
    found = list(_NUMBER.finditer(payload))
    if not found:
        return payload
    match = chance.choice(found)
    new = chance.choice(NUMBERS) if chance.random() < 0.5 else str(chance.randrange(2000))
    return payload[: match.start()] + new.encode() + payload[match.end() :]


def _double_key(chance: random.Random, payload: bytes) -> bytes:
    found = _PAIR.findall(payload)
    if not found:
        return _repeat(chance, payload)
    pair = chance.choice(found)
    again = pair if chance.random() < 0.5 else _blow_up_number(chance, pair)
    return payload.replace(pair, pair + b"," + again, 1)


def _nest(chance: random.Random, payload: bytes) -> bytes:
    """The whole, a number in it, or nothing at all, deep in brackets."""
    depth = chance.choice(DEPTHS)
    left, right = chance.choice(((b"[", b"]"), (b'{"a":', b"}"), (b"<div>", b"</div>")))
    found = list(_NUMBER.finditer(payload))
    match chance.randrange(3):
        case 0 if found:
            at = chance.choice(found)
            inner = left * depth + at[0] + right * depth
            return payload[: at.start()] + inner + payload[at.end() :]
        case 1:
            return left * depth
        case _:
            return left * depth + payload + right * depth


def _respell(chance: random.Random, payload: bytes) -> bytes:
    """Another encoding, another line end, another way to write the same."""
    match chance.randrange(4):
        case 0:
            text = payload.decode(errors="replace")
            return text.encode(chance.choice(("utf-16", "utf-16-le", "utf-32", "utf-8-sig")))
        case 1:
            return payload.replace(b"\n", chance.choice((b"\r\n", b"\r", b"\n\n", b"")))
        case 2:
            return payload.upper()
        case _:
            return payload.replace(b" ", "\u00a0".encode())


def _restructure(chance: random.Random, payload: bytes) -> bytes:
    """A JSON document with one value, key or list changed; other documents are cut."""
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError):
        return _cut_out(chance, payload)
    holders = _holders(document)
    if not holders:
        return json.dumps(chance.choice(VALUES)).encode()
    holder, key = chance.choice(holders)
    match chance.randrange(5):
        case 0:
            del holder[key]
        case 1:
            holder[key] = chance.choice(WORDS)
        case 2 if isinstance(holder, dict):
            holder[chance.choice((str(key).upper(), *WORDS))] = holder.pop(key)
        case 3:
            holder[key] = str(holder[key]) if chance.random() < 0.5 else [holder[key]]
        case _:
            holder[key] = chance.choice(VALUES)
    text = json.dumps(document, ensure_ascii=chance.random() < 0.7)
    return text.encode(errors="surrogatepass")


def _holders(document: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401 - any JSON
    """Every place in a document; not for documents nested so deep that Python gives up."""
    found: list[tuple[Any, Any]] = []
    waiting = [document]
    while waiting and len(found) < 500:
        value = waiting.pop()
        if isinstance(value, dict):
            found += ((value, key) for key in value)
            waiting += value.values()
        elif isinstance(value, list):
            found += ((value, at) for at in range(len(value)))
            waiting += value
    return found


_WAYS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    *(_flip_bits,) * 3,
    *(_truncate,) * 2,
    _cut_out,
    _repeat,
    _insert,
    *(_blow_up_number,) * 4,
    *(_double_key,) * 2,
    _nest,
    _respell,
    *(_restructure,) * 5,
)
