#!/usr/bin/env python3
"""Runs Regatta's scenarios on asyncio.

Speaks the protocol on stdin and stdout, and logs to stderr.
"""

import sys

from regatta_asyncio import conversation, process


def main() -> int:
    if sys.argv[1:] != ["--serve"]:
        print(
            "usage: contender.py --serve (speaks Regatta's protocol on stdin and stdout; "
            "try it with: regatta verify python_asyncio)",
            file=sys.stderr,
        )
        return 2
    process.raise_descriptor_limit()
    return conversation.serve(sys.stdin.buffer, sys.stdout)


if __name__ == "__main__":
    sys.exit(main())
