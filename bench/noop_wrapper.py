"""What the wrapper costs: a job that does nothing, from start() to its end on record, against the same bare process.

Run with ``python bench/noop_wrapper.py [ROUNDS]`` from the root of the repository.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from provstore.uws.executors.local import LocalExecutor
from provstore.uws.ports import State


def staged(directory: Path) -> Path:
    """Stage a job that does nothing."""
    (directory / "work").mkdir(parents=True)
    (directory / "script.sh").write_text("true\n", encoding="utf-8")
    task = {"job": directory.name, "environment": {"PATH": "/usr/bin:/bin", "PROVSTORE_JOB": directory.name}}
    (directory / "task.json").write_text(json.dumps(task), encoding="utf-8")
    return directory


def job(directory: Path) -> tuple[float, float]:
    """Give the seconds of start(), and those until the end is on record."""
    over = threading.Event()
    executor = LocalExecutor(on_end=lambda _: over.set())
    begun = time.perf_counter()
    executor.start(directory)
    started = time.perf_counter()
    over.wait(30)
    ended = time.perf_counter()
    assert executor.observe(directory).state is State.ENDED
    return started - begun, ended - begun


def bare() -> float:
    """Give the seconds of ``bash -c true``, run the same way."""
    begun = time.perf_counter()
    subprocess.Popen(["bash", "-c", "true"], stdin=subprocess.DEVNULL, start_new_session=True).wait()
    return time.perf_counter() - begun


def main(rounds: int) -> None:
    """Print the medians."""
    with tempfile.TemporaryDirectory() as folder:
        jobs = [job(staged(Path(folder) / f"j{number}")) for number in range(rounds)]
    start, end = (statistics.median(column) * 1000 for column in zip(*jobs, strict=True))
    plain = statistics.median(bare() for _ in range(rounds)) * 1000
    print(
        f"start() {start:.1f} ms, end on record {end:.1f} ms, bare bash {plain:.1f} ms, overhead {end - plain:.1f} ms"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
