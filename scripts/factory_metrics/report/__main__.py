"""Make a page in a process of its own, as the server does: a `Source` in MessagePack in, HTML out."""

import sys

import msgspec

from factory_metrics.report.page import render
from factory_metrics.report.source import Source

if __name__ == "__main__":
    sys.stdout.buffer.write(render(msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Source)))
