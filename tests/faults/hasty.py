"""`waitless` spoilt on purpose: it acknowledges 0.3 s before it stores; begun as `stepped` is."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from feeds.model import Delivery
from loadtests.faults.stepped import main
from waitless.ingest.pipeline import Ingest

EARLY_S = 0.3
process = Ingest.process


async def process_hastily(self: Ingest, batch: Sequence[Any]) -> None:
    for work in batch:
        if isinstance(work, Delivery):
            work.acknowledge()
    await asyncio.sleep(EARLY_S)
    told = [
        replace(one, acknowledge=lambda: None) if isinstance(one, Delivery) else one
        for one in batch
    ]
    await process(self, told)


if __name__ == "__main__":
    Ingest.process = process_hastily  # type: ignore[method-assign]
    main()
