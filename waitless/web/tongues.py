"""Languages of the patients' page: English is the source, the others are gettext catalogues.

The API speaks English. A page is in the language that `lang=` names, else in the one that the
browser likes best, else in English; what a catalogue lacks is said in English.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter

from babel.messages.pofile import PoFileError, read_po

FOLDER = Path(__file__).parent / "locale"
NAMES = {
    "en": "English",
    "cy": "Cymraeg",
    "pl": "Polski",
    "ne": "नेपाली",
    "ro": "Română",
    "pa": "ਪੰਜਾਬੀ",
    "uk": "Українська",
}
"""What each language calls itself."""
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ku", "ps", "ur"})
NEEDS_REVIEW = "Needs review"
"""Stands in the comment at the head of a catalogue that no native speaker has checked."""
MOST_LISTED = 20
"""Languages of an Accept-Language that are looked at; browsers send a handful."""

Say = Callable[..., str]
"""Says an English message in a language, with its `{placeholders}` filled in by name."""


class CatalogueFault(Exception):
    """A catalogue that cannot be read; the message names the file and the line."""


def mark(message: str) -> str:
    """The message itself: marks it for the catalogues where it is said later."""
    return message


@dataclass(frozen=True, slots=True)
class Tongue:
    """One language."""

    code: str
    """As BCP 47 writes it: `cy`."""
    messages: Mapping[str, str] = field(default_factory=dict)
    """English message to this language's."""
    needs_review: bool = False

    @property
    def name(self) -> str:
        """What it calls itself."""
        return NAMES.get(self.code, self.code)

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`, for the page's `dir`."""
        return "rtl" if self.code in RIGHT_TO_LEFT else "ltr"

    def say(self, message: str, /, **values: object) -> str:
        """A message in this language, its placeholders filled in."""
        text = self.messages.get(message, message)
        return text.format(**values) if values else text


ENGLISH = Tongue("en")


class Tongues:
    """The languages that pages come in."""

    def __init__(self, folder: Path = FOLDER) -> None:
        """Read every catalogue of a folder.

        Raises:
            CatalogueFault: one cannot be read.
        """
        others = [_load(path) for path in sorted(folder.glob("*.po"))]
        by_code = {tongue.code: tongue for tongue in [ENGLISH, *others]}
        order = [*(code for code in NAMES if code in by_code), *by_code]
        self._by_code = {code: by_code[code] for code in order}

    def __iter__(self) -> Iterator[Tongue]:
        return iter(self._by_code.values())

    def choose(self, named: str | None, accept_language: str) -> Tongue:
        """The language of a page.

        Args:
            named: what the address asks for; None where it does not, unknown ones count as None.
            accept_language: the header as it came, or nothing.
        """
        if named in self._by_code:
            return self._by_code[named]
        for code in _list_liked(accept_language):
            if code in self._by_code:
                return self._by_code[code]
        return ENGLISH


def _list_liked(accept_language: str) -> list[str]:
    """The languages of an Accept-Language, the most liked first; regions and refusals left out."""
    liked: list[tuple[float, str]] = []
    for one in accept_language.split(",")[:MOST_LISTED]:
        name, _, weight = one.partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if quality > 0:
            liked.append((quality, name.strip().partition("-")[0].lower()))
    return [code for _, code in sorted(liked, key=lambda one: -one[0])]


def _load(path: Path) -> Tongue:
    try:
        with path.open("rb") as file:
            catalogue = read_po(file, locale=path.stem, abort_invalid=True)
    except (PoFileError, ValueError) as fault:
        raise CatalogueFault(f"{path.name}: {fault}") from fault
    messages = {
        message.id: message.string
        for message in catalogue
        if isinstance(message.id, str) and message.id and isinstance(message.string, str)
    }
    for english, said in messages.items():
        if not _placeholders(said) <= _placeholders(english):
            raise CatalogueFault(f"{path.name}: {said!r} has a placeholder that {english!r} lacks")
    return Tongue(
        path.stem,
        {english: said for english, said in messages.items() if said},
        needs_review=NEEDS_REVIEW in catalogue.header_comment,
    )


def _placeholders(message: str) -> set[str]:
    try:
        return {name for _, name, _, _ in Formatter().parse(message) if name is not None}
    except ValueError as fault:
        raise CatalogueFault(f"{message!r}: {fault}") from fault
