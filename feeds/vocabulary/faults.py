"""The one fault of the vocabulary."""


class VocabularyFault(ValueError):
    """A text that is not what it should be; the message quotes at most 40 characters of it."""


def quote(value: object) -> str:
    """A value as a fault's message shows it."""
    return repr(str(value)[:40])
