"""Connections: how many there may be, and which ends first when there is no place for another."""

import asyncio
import logging
import resource
import socket
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from ipaddress import ip_address

from factory_metrics.api.addresses import client_address
from factory_metrics.api.protocol import HttpProtocol
from factory_metrics.api.settings import Network

# For the warehouse, the key store, Redis, pages and the metrics' port, whatever clients do.
_RESERVED_FILES = 192
_FEWEST = 16
# An event loop's own accept takes one connection a turn, and a turn may be long. As many may be open beyond
# the bound until those that made room for them are closed.
_AT_ONCE = 64
_SECONDS_UNTIL_RETRY = 0.1
_SECONDS_BETWEEN_REPORTS = 60

_log = logging.getLogger(__name__)


def most_connections(wanted: int) -> int:
    """Return how many connections there may be, so that files are left for the server's own work."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return wanted
    return min(wanted, max(_FEWEST, files - _RESERVED_FILES))


class Connections:
    """The connections of one listening socket; uvicorn takes it for a server of the event loop."""

    def __init__(
        self, listener: socket.socket, most: int, most_of_address: int, proxies: Sequence[Network] = ()
    ) -> None:
        """Bound the connections in all and from one address; proxies count in all only."""
        self._listener = listener
        self._most = most
        self._most_of_address = most_of_address
        self._proxies = proxies
        # Both in the order of their latest answers: who waits for nothing for the longest comes first.
        self._open: OrderedDict[HttpProtocol, str] = OrderedDict()
        self._of_address: dict[str, OrderedDict[HttpProtocol, None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._reported = float("-inf")
        self.ended = 0
        listener.settimeout(0)

    def __len__(self) -> int:
        """Return the number of open connections."""
        return len(self._open)

    def start(self, make_protocol: Callable[[], HttpProtocol]) -> None:
        """Take connections from now on."""
        self._make_protocol = make_protocol
        asyncio.get_running_loop().add_reader(self._listener, self._accept)

    def close(self) -> None:
        """Take no more."""
        asyncio.get_running_loop().remove_reader(self._listener)

    async def wait_closed(self) -> None:
        """Wait for nothing: uvicorn ends connections itself."""

    def _accept(self) -> None:
        """Take the connections that wait, some at a time."""
        for _ in range(_AT_ONCE):
            try:
                connection, peer = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                # No more files, for example. The connection waits on; asking all the time would not help it.
                self._report(f"cannot take a connection ({error.strerror})")
                self.close()
                loop = asyncio.get_running_loop()
                loop.call_later(_SECONDS_UNTIL_RETRY, self._try_again)
                return
            self._admit(connection, str(peer[0]))

    def _try_again(self) -> None:
        if self._listener.fileno() >= 0:
            asyncio.get_running_loop().add_reader(self._listener, self._accept)

    def _admit(self, connection: socket.socket, peer: str) -> None:
        """Serve a connection, in the place of another one if there is no room and one can go."""
        address = client_address(peer, b"", ())
        same = self._of_address.get(address, OrderedDict())
        if len(same) >= self._most_of_address and not self._is_proxy(peer):
            has_place = self._end_one(same, f"{len(same)} connections from {address}")
        else:
            has_place = len(self._open) < self._most or self._end_one(
                self._open, f"{len(self._open)} connections"
            )
        if not has_place:
            connection.close()
            return
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        protocol = self._make_protocol()
        protocol.rested, protocol.lost = self._rested, self._lost
        self._open[protocol] = address
        self._of_address.setdefault(address, OrderedDict())[protocol] = None
        task = asyncio.create_task(self._serve(connection, protocol))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, connection: socket.socket, protocol: HttpProtocol) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: protocol, connection)
        except OSError:
            # The client is gone already.
            connection.close()
            self._lost(protocol)

    def _end_one(
        self, among: OrderedDict[HttpProtocol, str] | OrderedDict[HttpProtocol, None], why: str
    ) -> bool:
        """End the connection that was idle the longest, else one that asks before it has its answers."""
        self._report(f"{why} are as many as there may be: idle ones are ended")
        idle = next((protocol for protocol in among if protocol.is_idle), None)
        protocol = idle or next((protocol for protocol in among if protocol.has_more), None)
        if protocol is None:
            return False
        self.ended += 1
        self._lost(protocol)
        protocol.end()
        return True

    def _is_proxy(self, peer: str) -> bool:
        address = ip_address(peer)
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in self._proxies)

    def _rested(self, protocol: HttpProtocol) -> None:
        """Note that a connection got an answer."""
        if protocol in self._open:
            self._open.move_to_end(protocol)
            self._of_address[self._open[protocol]].move_to_end(protocol)

    def _lost(self, protocol: HttpProtocol) -> None:
        """Note that a connection is closed, or will be at once."""
        address = self._open.pop(protocol, None)
        if address is not None:
            same = self._of_address[address]
            del same[protocol]
            if not same:
                del self._of_address[address]

    def _report(self, what: str) -> None:
        now = time.monotonic()
        if now - self._reported > _SECONDS_BETWEEN_REPORTS:
            self._reported = now
            _log.warning("%s", what)
