"""Whose request it is, by its address."""

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache

from factory_metrics.api.settings import Network

# An IPv6 client has at least a network of this size to itself.
_IPV6_CLIENT_BITS = 64

# As some proxies write it: with a port, or IPv6 in brackets.
_WITH_PORT = re.compile(r"\[(?P<v6>[^\]]*:[^\]]*)\](?::[0-9]{1,5})?|(?P<v4>[0-9.]+):[0-9]{1,5}")


@lru_cache(maxsize=4096)
def client_address(peer: str, forwarded: bytes, proxies: Sequence[Network]) -> str:
    """Return who a request is from, as it is counted: an IPv4 address, or an IPv6 network.

    `X-Forwarded-For` counts as far as trusted proxies wrote it, without ports.
    """
    for address in reversed([*forwarded.decode("latin-1").split(","), peer]):
        found = _WITH_PORT.fullmatch(address.strip())
        try:
            client = ipaddress.ip_address(found["v6"] or found["v4"] if found else address.strip())
        except ValueError:
            break
        if isinstance(client, ipaddress.IPv6Address) and client.ipv4_mapped:
            client = client.ipv4_mapped
        peer = str(client)
        if isinstance(client, ipaddress.IPv6Address):
            peer = str(ipaddress.ip_network((client, _IPV6_CLIENT_BITS), strict=False))
        if not any(client in network for network in proxies):
            break
    return peer
