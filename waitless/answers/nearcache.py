"""The near cache: hot answers of one process, bounded in number and in bytes."""

from collections import OrderedDict

from waitless.answers.entry import Entry
from waitless.answers.question import Key
from waitless.answers.sheet import Sheet
from waitless.answers.travelled import Travelled


class NearCache:
    """Entries by question, the least recently used evicted first.

    Attributes:
        hits: asked for and current.
        misses: asked for and not there.
        stale: asked for and there, but made from an older sheet or table.
        evicted: thrown out for want of room.
    """

    def __init__(self, *, most_entries: int, most_bytes: int) -> None:
        """Empty; 0 entries hold nothing, so that every answer is computed."""
        self._entries: OrderedDict[Key, Entry] = OrderedDict()
        self._most_entries = most_entries
        self._most_bytes = most_bytes
        self.nbytes = 0
        self.hits = self.misses = self.stale = self.evicted = 0

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, key: Key, sheet: Sheet, travelled: Travelled) -> Entry | None:
        """The answer to a question made from this sheet and table; None where there is none."""
        entry = self._entries.get(key)
        if entry is None:
            self.misses += 1
            return None
        if entry.sheet is not sheet or entry.travelled is not travelled:
            self.stale += 1
            return None
        self.hits += 1
        self._entries.move_to_end(key)
        return entry

    def put(self, key: Key, entry: Entry) -> None:
        """Keep an answer, and throw out others while there is no room."""
        if self._most_entries == 0:
            return
        self._remove(key)
        self._entries[key] = entry
        self.nbytes += entry.nbytes()
        while len(self._entries) > self._most_entries or self.nbytes > self._most_bytes:
            self._remove(next(iter(self._entries)))
            self.evicted += 1

    def drop(self, travelled: Travelled | None = None) -> None:
        """Forget what was made from a travel table; None: everything."""
        if travelled is None:
            self._entries.clear()
            self.nbytes = 0
            return
        for key in [key for key, one in self._entries.items() if one.travelled is travelled]:
            self._remove(key)

    def _remove(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.nbytes -= entry.nbytes()
