"""librdkafka connects to nothing that the guard did not check: its servers, and brokers that the cluster names later."""

from __future__ import annotations

import ctypes
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from integration.connections.test_trials import forwarding
from runnel.connectors.kafka.guarding import GuardedLookups
from runnel.connectors.kafka.librdkafka import CONSUMER, library, path
from runnel.sdk.egress import EgressPolicy


@contextmanager
def client(guard: GuardedLookups, servers: str) -> Iterator[int]:
    """A consumer of the library with the guard in it."""
    conf, words = library().conf_new(), ctypes.create_string_buffer(512)
    for name, value in (("bootstrap.servers", servers), ("group.id", "guard"), ("reconnect.backoff.max.ms", "100")):
        assert not library().conf_set(conf, name.encode(), value.encode(), words, 512), words.value
    library().conf_set_log_cb(conf, None)
    guard.install(str(path()), conf)
    made = library().new(CONSUMER, conf, words, 512)
    assert made, words.value
    try:
        yield made
    finally:
        library().destroy(made)


def described(made: int, seconds: float = 5) -> int:
    """Ask for the description of the cluster; 0 when it came."""
    loaded = ctypes.CDLL(str(path()))
    loaded.rd_kafka_metadata.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
    found = ctypes.c_void_p()
    code = loaded.rd_kafka_metadata(made, 1, None, ctypes.byref(found), int(seconds * 1000))
    if found:
        loaded.rd_kafka_metadata_destroy.argtypes = [ctypes.c_void_p]
        loaded.rd_kafka_metadata_destroy(found)
    return code


def test_a_cluster_that_may_be_reached_answers(kafka) -> None:
    guard = GuardedLookups(EgressPolicy(allow=(kafka.address,)))
    with client(guard, kafka.address) as made:
        assert described(made) == 0
    assert guard.refused == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "127.1", "0x7f.1"])
def test_nothing_is_connected_to_that_the_policy_refuses(host: str) -> None:
    seen: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(2)
        port = listening.getsockname()[1]

        def wait() -> None:
            try:
                seen.append(listening.accept())
            except TimeoutError:
                return

        thread = threading.Thread(target=wait)
        thread.start()
        guard = GuardedLookups(EgressPolicy())
        with client(guard, f"{host}:{port}") as made:
            assert described(made, 1.5) != 0
        thread.join()
    assert seen == [] and guard.refused


def test_a_broker_that_the_cluster_names_is_checked_before_it_is_connected_to(kafka) -> None:
    """The server is reached at an allowed address; the broker that it names stands at one that is not."""
    port = int(kafka.address.split(":")[1])
    guard = GuardedLookups(EgressPolicy(allow=(f"127.0.0.2:{port}",)))
    with forwarding("127.0.0.2", port, kafka.address), client(guard, f"127.0.0.2:{port}") as made:
        assert described(made) == 0
        loaded = ctypes.CDLL(str(path()))
        loaded.rd_kafka_query_watermark_offsets.argtypes = [
            ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int
        ]  # fmt: skip
        low, high = ctypes.c_int64(), ctypes.c_int64()
        code = loaded.rd_kafka_query_watermark_offsets(
            made, b"__consumer_offsets", 0, ctypes.byref(low), ctypes.byref(high), 2000
        )
        assert code != 0
        end = time.monotonic() + 5
        while not guard.refused:
            assert time.monotonic() < end
            time.sleep(0.05)
    assert f"127.0.0.1:{port}" in guard.refused[0]
