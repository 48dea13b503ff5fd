"""The one fault of the vocabulary."""


class VocabularyFault(ValueError):
    """A text that is not what it should be; the message quotes at most 40 characters of it."""


def quote(value: object) -> str:
    """A value as a fault's message shows it; of a list or an object, that it is one.

    A document can be nested deeper than Python can print.
    """
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    return repr(str(value)[:40])
