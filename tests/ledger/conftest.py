"""A real Redis, and two workers that share its ledger."""

import pytest
from redis.asyncio import Redis

from waitless.ledger.entries import LedgerStore


@pytest.fixture
def ledger(fresh_redis: Redis) -> LedgerStore:
    return LedgerStore(fresh_redis, "east-kent")
