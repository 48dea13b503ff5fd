"""The words of wait feeds: durations, bands, nulls, names, flags, times of day.

Each module reads one kind of text as sources were seen to write it, and raises `VocabularyFault`
for everything else: what is not understood is refused, never guessed. docs/feed-definitions.md
lists every form. Nothing here knows of documents or definitions.
"""
