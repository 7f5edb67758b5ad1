"""Files of a stream cut short or with a flipped bit: always noticed, set aside, and computed again to the same rows (R6)."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest
from faulting import Tally
from stream_lives import command, pipeline, rows_of_dataset, the_row
from test_stream_kills import PIPELINE, expected

from building import fresh_folder

FIRST, _, LAST = os.environ.get("FAULT_SEEDS", "1-3").partition("-")
SEEDS = range(int(FIRST), int(LAST or FIRST) + 1)


def damage(folder: Path, random_: random.Random) -> str:
    """Cut or flip one of the files that the row needs; returns which and how."""
    row = the_row(folder, "killed")
    home = folder / ".runnel" / "streams" / "killed" / row.incarnation
    names = sorted(name for name in row.files() if (home / name).exists())
    path = home / random_.choice(names)
    data = bytearray(path.read_bytes())
    if random_.random() < 0.5:
        place = random_.randrange(len(data))
        path.write_bytes(data[:place])
        return f"{path.name} cut to {place} of {len(data)}"
    bit = random_.randrange(len(data) * 8)
    data[bit // 8] ^= 1 << (bit % 8)
    path.write_bytes(data)
    return f"bit {bit} of {path.name}"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_damaged_file_changes_no_result(seed, tally: Tally):
    random_ = random.Random(seed)
    told = []
    with fresh_folder() as folder:
        # the rate is a parameter: another version could not compute again what this one did
        text = PIPELINE.replace("LANES", "1").replace("nodes:", "params: {rate: {type: number, default: 2500}}\nnodes:", 1)
        path = pipeline(folder, text.replace("rate_per_second': null", "rate_per_second': '${params.rate}'"))
        for _ in range(4):
            said = (folder / "said").open("wb")
            process = subprocess.Popen(command(path), stdout=said, stderr=said, start_new_session=True)
            try:
                wait_for_epochs(folder, random_.randint(3, 8), process)
                assert process.poll() is None, (told, (folder / "said").read_text()[-2000:])
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                said.close()
            told.append(damage(folder, random_))
        done = subprocess.run(command(path, "--until-caught-up", "--param", "rate=10000000"), capture_output=True, timeout=200, check=False)
        assert done.returncode == 0, (told, done.stdout.decode()[-2000:], done.stderr.decode()[-2000:])
        tally.compare(expected(), rows_of_dataset(folder, "totals"))
        aside = list((folder / ".runnel" / "streams" / "killed").glob("*/damaged/*"))
    tally.cases = len(told)
    tally.note(set_aside=len(aside))
    tally.clean()


def wait_for_epochs(folder: Path, more: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until the stream has made so many more epochs."""
    deadline = time.monotonic() + 100
    begun = None
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return
        try:
            epoch = the_row(folder, "killed").epoch
        except Exception:  # noqa: BLE001 - the store is not there yet
            epoch = 0
        begun = epoch if begun is None else begun
        if epoch - begun >= more:
            return
        time.sleep(0.02)
    raise AssertionError("the stream made no epochs")
