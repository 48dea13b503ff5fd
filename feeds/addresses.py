"""Which addresses a source's name may stand for: public ones, unless its definition says otherwise.

A name can be made to stand for anything by whoever holds it. Without this a source's would lead
us to Redis, to a cloud's metadata or to another machine behind our own walls.
"""

import socket
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from aiohttp.abc import AbstractResolver, ResolveResult

THIS_MACHINE = "localhost"
_NAT64 = IPv6Network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are an IPv4 address that a gateway speaks to for us."""


class PrivateAddress(OSError):
    """A name stands for no public address."""


class PublicNames(AbstractResolver):
    """Looks names up, and keeps to public addresses but for names that are known to be private.

    Only names are looked up: an address that stands in a definition itself is the operator's word.
    """

    def __init__(self, inner: AbstractResolver, private: Collection[str]) -> None:
        """Nothing looked up yet.

        Args:
            inner: what really looks names up.
            private: names that may stand for any address; this machine's own may anyway.
        """
        self._inner = inner
        self._private = frozenset({THIS_MACHINE, *(name.lower() for name in private)})

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a name that may be spoken to.

        Raises:
            PrivateAddress: it has addresses, but no such.
            OSError: the name is not known.
        """
        found = await self._inner.resolve(host, port, family)
        if not found:
            raise OSError(f"{host} has no address")
        if host.lower() in self._private:
            return found
        public = [one for one in found if is_public(one["host"])]
        if not public:
            raise PrivateAddress(f"{host} stands for no public address")
        return public

    async def close(self) -> None:
        """Close what looks names up."""
        await self._inner.close()


def is_public(address: str) -> bool:
    """Whether an address is one that anybody on the internet has; what is no address is not."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    forms = (parsed, _find_inner(parsed))
    return all(one.is_global and not one.is_multicast for one in forms if one is not None)


def _find_inner(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one is another form of."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo
