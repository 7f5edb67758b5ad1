"""The codes of everything that can go wrong around a worker, each with one sentence for its docs page."""

from __future__ import annotations

UNSUPPORTED = "RNL-SANDBOX-001"
START = "RNL-SANDBOX-002"
LOST = "RNL-SANDBOX-003"
SIGNAL = "RNL-SANDBOX-004"
CANCELLED = "RNL-SANDBOX-005"
PROTOCOL = "RNL-SANDBOX-006"
TASK_NAME = "RNL-SANDBOX-007"
TASK_BUG = "RNL-SANDBOX-008"
ENGINE = "RNL-SANDBOX-009"
RESTRICT = "RNL-SANDBOX-010"
GRANT = "RNL-SANDBOX-011"
CLOSED = "RNL-SANDBOX-012"
PAYLOAD = "RNL-SANDBOX-013"

TIMEOUT = "RNL-LIMIT-001"
MEMORY = "RNL-LIMIT-002"
CPU = "RNL-LIMIT-003"
FILE_SIZE = "RNL-LIMIT-004"
TASKS = "RNL-LIMIT-005"
MESSAGE_SIZE = "RNL-LIMIT-006"

CODES: dict[str, str] = {
    UNSUPPORTED: "This operating system cannot start workers: it lacks fork and the passing of file descriptors.",
    START: "The process that all workers are forked from did not start.",
    LOST: "The worker ended without an answer and without a known signal.",
    SIGNAL: "The worker was killed by a signal.",
    CANCELLED: "The work was cancelled before it ended.",
    PROTOCOL: "The worker sent something that is not a message of the protocol, so it was ended.",
    TASK_NAME: "The named task is not one that a worker may run.",
    TASK_BUG: "A task raised an error that it should have described itself.",
    ENGINE: "The engine inside the worker reported an error.",
    RESTRICT: "The worker could not lock itself down, so it refused to start.",
    GRANT: "A grant names a path that cannot be granted.",
    CLOSED: "The worker was used after it was closed.",
    PAYLOAD: "A message holds a value that JSON cannot carry.",
    TIMEOUT: "The work took longer than its time limit.",
    MEMORY: "The work needed more memory than its limit.",
    CPU: "The work used more processor time than its limit.",
    FILE_SIZE: "The work wrote a file larger than its limit.",
    TASKS: "The work started more threads or processes than its limit.",
    MESSAGE_SIZE: "A message between supervisor and worker is larger than its limit.",
}
