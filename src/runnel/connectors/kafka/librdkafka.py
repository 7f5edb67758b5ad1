"""The functions of librdkafka that Kafka's Python client brings along, called directly by their public interface."""

from __future__ import annotations

import ctypes
from ctypes import c_char_p, c_int, c_int32, c_int64, c_size_t, c_ssize_t, c_void_p
from functools import cache
from pathlib import Path
from typing import Any

ERROR_CALLBACK = ctypes.CFUNCTYPE(None, c_void_p, c_int, c_char_p, c_void_p)
PARTITION_EOF = -191
CONSUMER = 1

_FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "conf_new": (c_void_p, []),
    "conf_destroy": (None, [c_void_p]),
    "conf_set": (c_int, [c_void_p, c_char_p, c_char_p, c_char_p, c_size_t]),
    "conf_set_error_cb": (None, [c_void_p, ERROR_CALLBACK]),
    "conf_set_log_cb": (None, [c_void_p, c_void_p]),
    "new": (c_void_p, [c_int, c_void_p, c_char_p, c_size_t]),
    "poll_set_consumer": (c_int, [c_void_p]),
    "queue_get_consumer": (c_void_p, [c_void_p]),
    "queue_destroy": (None, [c_void_p]),
    "consumer_close": (c_int, [c_void_p]),
    "destroy": (None, [c_void_p]),
    "consume_batch_queue": (c_ssize_t, [c_void_p, c_int, c_void_p, c_size_t]),
    "topic_name": (c_char_p, [c_void_p]),
    "message_timestamp": (c_int64, [c_void_p, c_void_p]),
    "message_headers": (c_int, [c_void_p, c_void_p]),
    "header_get_all": (c_int, [c_void_p, c_size_t, c_void_p, c_void_p, c_void_p]),
    "message_leader_epoch": (c_int32, [c_void_p]),
    "topic_partition_list_new": (c_void_p, [c_int]),
    "topic_partition_list_destroy": (None, [c_void_p]),
    "topic_partition_list_add": (c_void_p, [c_void_p, c_char_p, c_int32]),
    "topic_partition_list_set_offset": (c_int, [c_void_p, c_char_p, c_int32, c_int64]),
    "topic_partition_set_leader_epoch": (None, [c_void_p, c_int32]),
    "assign": (c_int, [c_void_p, c_void_p]),
    "pause_partitions": (c_int, [c_void_p, c_void_p]),
    "resume_partitions": (c_int, [c_void_p, c_void_p]),
    "commit": (c_int, [c_void_p, c_void_p, c_int]),
    "err2str": (c_char_p, [c_int]),
}


@cache
def path() -> Path | None:
    """Return the library that the installed client uses, or None where it is not found beside it."""
    import confluent_kafka

    package = Path(confluent_kafka.__file__).parent
    for folder, pattern in (
        (package.parent / "confluent_kafka.libs", "librdkafka*.so*"),
        (package / ".dylibs", "librdkafka*"),
    ):
        found = sorted(folder.glob(pattern))
        if found:
            return found[0]
    return None


@cache
def library() -> Any:
    """Load the library; its functions stand without the prefix `rd_kafka_`, `message_destroy` keeps Python's lock."""
    found = path()
    loaded, quick = ctypes.CDLL(str(found)), ctypes.PyDLL(str(found))

    class Library:
        """Functions by name."""

    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(loaded, f"rd_kafka_{name}")
        function.restype, function.argtypes = result, arguments
        setattr(Library, name, staticmethod(function))
    quick.rd_kafka_message_destroy.restype = None
    quick.rd_kafka_message_destroy.argtypes = [c_void_p]
    Library.message_destroy = staticmethod(quick.rd_kafka_message_destroy)  # type: ignore[attr-defined]
    return Library
