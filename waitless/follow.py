"""Following the store: every API process's own board, renewed at each change notice."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from types import MappingProxyType

from waitless.board import EMPTY_BOARD, Board
from waitless.redis_link import StoreAway
from waitless.store import Store

log = logging.getLogger(__name__)

REFRESH_S = 2.0
"""The board is renewed this often even without a notice: one can be lost with its connection."""
RETRY_S = 0.5
WOKEN_AT_ONCE = 20
"""Watchers in one turn of the loop: two thousand at once hold it up for a tenth of a second."""
FORGETFUL_FOR_S = 60.0
"""How long the last board is kept when the store comes back with an older one."""


class BoardFollower:
    """Keeps `board` the newest the store has given; the only one who replaces it.

    While the store is away the last board stays, marked degraded: answers go on, and readings
    stop being live by their own age.
    """

    def __init__(
        self,
        store: Store,
        on_renewal: Callable[[Board], None],
        *,
        simulated: bool = False,
        on_notice: Callable[[], None] | None = None,
    ) -> None:
        """Nothing loaded yet.

        Args:
            store: what is followed.
            on_renewal: told of every new board.
            simulated: whether boards are labelled so, whatever is on them.
            on_notice: told before each is loaded.
        """
        self.board: Board = replace(EMPTY_BOARD, labelled_simulated=simulated)
        self._backwards_since: float | None = None
        self._store = store
        self._on_renewal = on_renewal
        self._on_notice = on_notice
        self._watchers: set[asyncio.Event] = set()

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            try:
                async with self._store.changes() as changes:
                    while True:
                        await self._renew()
                        await changes.wait(REFRESH_S)
            except StoreAway as fault:
                if not self.board.degraded:
                    log.warning("store away (%s): answering from epoch %d", fault, self.board.epoch)
                self._replace(replace(self.board, degraded=True))
            await asyncio.sleep(RETRY_S)

    def watch(self) -> asyncio.Event:
        """An event that is set at every change of the board; give it back to `unwatch`."""
        event = asyncio.Event()
        self._watchers.add(event)
        return event

    @property
    def watched_by(self) -> int:
        """How many watch it now."""
        return len(self._watchers)

    def unwatch(self, event: asyncio.Event) -> None:
        """Stop setting an event."""
        with suppress(KeyError):
            self._watchers.remove(event)

    async def _renew(self) -> None:
        if self._on_notice is not None:
            self._on_notice()
        epoch, readings, outlooks, overrides = await self._store.load_picture()
        feeds = await self._store.load_health()
        pulse = await self._store.load_pulse()
        if self._lost_its_memory(epoch):
            self._replace(replace(self.board, degraded=True))
            return
        self._replace(
            Board(
                epoch=epoch,
                readings=MappingProxyType(readings),
                outlooks=MappingProxyType(outlooks),
                overrides=MappingProxyType(overrides),
                feeds=MappingProxyType(feeds),
                pulse=pulse,
                labelled_simulated=self.board.labelled_simulated,
            )
        )

    def _lost_its_memory(self, epoch: int) -> bool:
        """Whether the store holds less than we do: it came back empty, or from an old copy.

        Ingest writes it all again within a second. If it does not, the store is taken as it is.
        """
        if epoch >= self.board.epoch:
            self._backwards_since = None
            return False
        now = asyncio.get_running_loop().time()
        if self._backwards_since is None:
            self._backwards_since = now
            log.warning("the store went back from epoch %d to %d", self.board.epoch, epoch)
        return now - self._backwards_since < FORGETFUL_FOR_S

    def _replace(self, board: Board) -> None:
        self.board = board
        self._on_renewal(board)
        self._wake(iter(tuple(self._watchers)))

    def _wake(self, watchers: Iterator[asyncio.Event]) -> None:
        """Wake some, and the others after whoever asks something meanwhile has been answered."""
        woken = 0
        for event in islice(watchers, WOKEN_AT_ONCE):
            event.set()
            woken += 1
        if woken == WOKEN_AT_ONCE:
            asyncio.get_running_loop().call_soon(self._wake, watchers)
