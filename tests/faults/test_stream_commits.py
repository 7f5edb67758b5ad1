"""A COMMIT whose reply never comes, while who sent it lives on beside its successor: each row stands once (R8)."""

from __future__ import annotations

import random
import threading
from collections import Counter
from typing import Any

import psycopg
import pytest
from faulting import Tally, seeds, size
from proxies import proxied

from integration.streams.test_postgres_target import delivery, rows
from runnel.errors import ConnectorError, RunnelError

COMMITS = size("FAULT_COMMITS", 12)


class Zombie:
    """An owner that delivers one epoch, and again as often as it may, while its link is disturbed."""

    def __init__(self, made: Any, epoch: int, given: Any) -> None:
        self.ended: RunnelError | None = None
        self.delivered = False
        self._thread = threading.Thread(target=self._run, args=(made, epoch, given), daemon=True)
        self._thread.start()

    def _run(self, made: Any, epoch: int, given: Any) -> None:
        try:
            for _ in range(20):
                try:
                    made.deliver([given])
                    self.delivered = True
                    return
                except ConnectorError:
                    try:
                        if made.open().epoch >= epoch:
                            self.delivered = True
                            return
                    except ConnectorError:
                        continue
        except RunnelError as error:
            self.ended = error

    def join(self) -> None:
        self._thread.join(60)
        assert not self._thread.is_alive()


@pytest.mark.parametrize("seed", seeds("1"))
def test_a_commit_without_a_reply_counts_once_also_while_its_owner_lives(
    seed, postgres_server, toxiproxy, tally: Tally
):
    """Answers, or requests, stop after some bytes: often right at the COMMIT. Then a successor comes, and the link mends."""
    random_ = random.Random(seed)
    with proxied(toxiproxy, postgres_server) as proxy:
        wanted, token, fenced, first = Counter[Any](), 1, 0, 0
        for epoch in range(1, COMMITS + 1):
            given = rows(epoch, *((epoch * 10 + n, "x", epoch) for n in range(3)))
            wanted.update((epoch * 10 + n, "x", epoch) for n in range(3))
            old = delivery(postgres_server, proxy.table, port=proxy.port, token=token)
            assert old.open().epoch == epoch - 1
            side = random_.choice(["downstream", "downstream", "upstream"])
            if random_.random() < 0.5:
                proxy.poison("limit_data", side, bytes=random_.randrange(20, 400))
            else:  # nothing passes any more, and nobody hears that
                proxy.poison("timeout", side, timeout=0)
            zombie = Zombie(old, epoch, given)
            token += 1
            new = delivery(postgres_server, proxy.table, token=token)
            stood = new.open().epoch
            first += stood == epoch
            if stood < epoch:
                new.deliver([given])
            proxy.clear()
            zombie.join()
            old.close()
            new.close()
            tally.cases += 1
            fenced += zombie.ended is not None
            if zombie.ended is not None and zombie.ended.code != "RNL-STREAM-032":
                tally.unexplained += 1
                tally.note(said=str(zombie.ended))
        with psycopg.connect(postgres_server.address) as connection:
            found = Counter(connection.execute(f'SELECT id, name, v FROM "{proxy.table}"').fetchall())
        tally.compare(wanted, found)
        tally.note(zombies_refused=fenced, committed_before_the_successor=first)
    assert fenced > 0
    tally.clean()
