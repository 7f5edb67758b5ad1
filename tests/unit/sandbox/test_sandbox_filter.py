"""The system call filter, run by a small interpreter of its instructions for both processors."""

import pytest

from runnel.sandbox import seccomp, syscalls

OWN, OTHER = 4242, 1
ALLOWED, REFUSED, UNKNOWN, KILLED = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000


def run(program, architecture, number, arguments=()):
    """Interpret a filter over one system call."""
    words = {0: number, 4: architecture, **{16 + 8 * place: value for place, value in enumerate(arguments)}}
    accumulator, line = 0, 0
    while True:
        code, yes, no, value = program[line]
        line += 1
        if code == 0x20:
            accumulator = words.get(value, 0)
        elif code == 0x54:
            accumulator &= value
        elif code == 0x15:
            line += yes if accumulator == value else no
        elif code == 0x35:
            line += yes if accumulator >= value else no
        else:
            return value


@pytest.fixture(params=list(syscalls.ARCHITECTURES))
def judge(request):
    machine = request.param
    architecture = syscalls.ARCHITECTURES[machine][0]

    def call(name, *arguments, network=False):
        number = syscalls.number(name, machine)
        return None if number is None else run(seccomp.program(OWN, network, machine), architecture, number, arguments)

    call.program = seccomp.program(OWN, False, machine)
    call.architecture = architecture
    return call


def test_every_named_call_without_a_test_of_its_arguments_is_refused(judge):
    by_argument = {"clone", "kill", "tgkill", "prlimit64", "prctl", "ioctl", "open", "openat"}
    for name in set(syscalls.NUMBERS) - by_argument:
        assert judge(name) in (REFUSED, UNKNOWN, None), name


def test_threads_may_start_and_processes_may_not(judge):
    assert judge("clone", 0x3D0F00) == ALLOWED
    assert judge("clone", 17) == REFUSED
    assert judge("clone3") == UNKNOWN


def test_signals_and_limits_reach_the_worker_itself_only(judge):
    assert judge("tgkill", OWN, OWN, 6) == ALLOWED
    assert judge("kill", OWN, 9) == ALLOWED
    assert judge("kill", OTHER, 9) == REFUSED
    assert judge("kill", 0xFFFFFFFF, 9) == REFUSED
    assert judge("prlimit64", 0) == ALLOWED
    assert judge("prlimit64", OTHER) == REFUSED


def test_a_file_opened_for_reading_cannot_be_cut(judge):
    assert judge("openat", 0, 0, 0o1000) == REFUSED
    assert judge("openat", 0, 0, 0o1101) == ALLOWED
    assert judge("openat", 0, 0, 0) == ALLOWED


def test_a_network_grant_opens_internet_sockets_only(judge):
    assert judge("socket", 2, network=True) == ALLOWED
    assert judge("connect", network=True) == ALLOWED
    assert judge("socket", 1, network=True) == REFUSED
    assert judge("socket", 17, network=True) == REFUSED
    assert judge("socket", 2) == REFUSED


def test_locks_cannot_be_loosened(judge):
    assert judge("prctl", 1) == REFUSED
    assert judge("prctl", 4) == REFUSED
    assert judge("prctl", 15) == ALLOWED


def test_calls_of_another_architecture_end_the_process(judge):
    assert run(judge.program, 0x40000003, 1) == KILLED


def test_the_second_numbering_of_x86_is_refused():
    assert run(seccomp.program(OWN, False, "x86_64"), 0xC000003E, 0x40000000 + 59) == REFUSED


def test_an_unlisted_call_is_allowed(judge):
    assert run(judge.program, judge.architecture, 10_000) == ALLOWED
