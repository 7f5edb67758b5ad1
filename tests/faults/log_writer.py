"""A process that appends to a log and says on stdout what was acknowledged: `number generation sequence records` a line."""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from concurrent.futures import Future
from pathlib import Path

from runnel.errors import RunnelError
from runnel.store.log.durable import DurableLog
from runnel.store.log.framing import Framing
from runnel.store.log.outcomes import LogOptions


def body_of(number: int, seed: int) -> tuple[bytes, int]:
    """The request of a number: records that name it, of any size."""
    chance = random.Random(seed * 1_000_003 + number)
    count = chance.choice([1, 1, 2, 10])
    width = chance.choice([1, 30, 3000])
    return b"".join(
        b"%d.%d.%d %s\n" % (seed, number, part, chance.randbytes(width).hex().encode()) for part in range(count)
    ), count


def main() -> None:
    folder, seed, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    threads = int(sys.argv[4]) if len(sys.argv) > 4 else 3
    log = DurableLog(folder, LogOptions(segment_bytes=256 * 1024, group_seconds=0.001))
    os.write(1, b"ready\n")
    numbers = iter(range(10_000_000))
    lock = threading.Lock()
    end = time.monotonic() + seconds

    def work() -> None:
        while time.monotonic() < end:
            with lock:
                number = next(numbers)
            body, count = body_of(number, seed)
            future: Future = log.append(body, count, Framing.LINES)
            try:
                receipt = future.result(30)
            except RunnelError as error:
                os.write(1, b"refused %d %s\n" % (number, error.code.encode()))
                time.sleep(0.05)
                continue
            os.write(1, b"%d %d %d %d\n" % (number, receipt.generation, receipt.sequence, receipt.records))

    every = [threading.Thread(target=work) for _ in range(threads)]
    for thread in every:
        thread.start()
    for thread in every:
        thread.join()
    log.close()


if __name__ == "__main__":
    main()
