"""How much the server takes on at once, and from whom."""

from __future__ import annotations

import asyncio
import ipaddress
import math
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from hemapipe.serve.errors import ServeError

#: Clients remembered; the one not seen for longest is forgotten first.
MOST_CLIENTS = 10_000


def client_name(host: str) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 network that an IPv6 user owns whole."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return host if address.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))


class Rate:
    """A bucket of tokens per client: a minute's worth may come at once, then they drip."""

    def __init__(self, per_minute: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        """Allow so many requests; None allows all."""
        self._per_minute, self._clock = per_minute, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, client: str) -> None:
        """Take one request from a client's allowance.

        Raises:
            ServeError: 429, nothing is left.
        """
        if self._per_minute is None:
            return
        now = self._clock()
        left, since = self._buckets.pop(client, (float(self._per_minute), now))
        left = min(self._per_minute, left + (now - since) * self._per_minute / 60)
        self._buckets[client] = (max(left - 1, 0.0) if left >= 1 else left, now)
        if len(self._buckets) > MOST_CLIENTS:
            self._buckets.popitem(last=False)
        if left < 1:
            wait = math.ceil((1 - left) * 60 / self._per_minute)
            raise ServeError(429, "too_many_requests", f"More than {self._per_minute} requests in a minute.", wait)


class Admission:
    """Counts the requests at work, all and per client, and the bytes they hold."""

    def __init__(self, max_requests: int, max_per_client: int, held_bytes: int) -> None:
        """Begin with nothing at work."""
        self._max_requests, self._max_per_client, self._left = max_requests, max_per_client, held_bytes
        self._of_client: Counter[str] = Counter()

    @contextmanager
    def enter(self, client: str) -> Iterator[None]:
        """Hold a place for a request.

        Raises:
            ServeError: 503, all places are taken; 429, this client has its share.
        """
        if self._of_client.total() >= self._max_requests:
            raise ServeError(503, "busy", "The server has all the work it can queue. Try again in a moment.", 2)
        if self._of_client[client] >= self._max_per_client:
            raise ServeError(429, "too_many_requests", f"{self._max_per_client} requests of yours are at work.", 2)
        self._of_client[client] += 1
        try:
            yield
        finally:
            self._of_client[client] -= 1
            if not self._of_client[client]:
                del self._of_client[client]

    def hold(self, n_bytes: int) -> None:
        """Count bytes of an upload; negative ones are given back.

        Raises:
            ServeError: 503, the uploads of all requests together are too much.
        """
        if n_bytes > self._left:
            raise ServeError(503, "busy", "The server holds all the uploads it can. Try again in a moment.", 5)
        self._left -= n_bytes


class Budget:
    """So many bytes of pixels may be there at once; who wants more waits until others have been looked at."""

    def __init__(self, total: int) -> None:
        """Begin with all of it free."""
        self._total = self._left = total
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def take(self, amount: int) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
        """Hold `amount`, or all there is if it is more than that; what comes can be told to keep only so much of it."""
        amount = min(amount, self._total)

        async def keep(less: int) -> None:
            nonlocal amount
            self._left += max(amount - less, 0)
            amount = min(amount, less)
            async with self._changed:
                self._changed.notify_all()

        async with self._changed:
            await self._changed.wait_for(lambda: self._left >= amount)
            self._left -= amount
        try:
            yield keep
        finally:
            await keep(0)
