"""What a job costs from POST to COMPLETED, its provenance written, against running the same program by hand.

python -m bench.jobs [TIMES]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Final

from bench.serving import Visitor, server, typical
from provstore.uws.descriptions.dialects.votable_writer import write_votable
from provstore.uws.descriptions.model import Description, Generated

_NOOP: Final = Description(name="noop", generated=(Generated(name="result", default="out.txt"),))
_CLIENTS: Final = 8


def main(times: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        services = Path(folder) / "services"
        services.mkdir()
        (services / "noop_vot.xml").write_bytes(write_votable(_NOOP))
        (services / "noop.sh").write_text(': >"$rs/out.txt"\n')
        os.environ["PROVSTORE_DESCRIPTIONS"] = str(services)
        with server(Path(folder) / "data") as address:
            visitor = Visitor(address)
            job, bare = typical(lambda: _job(visitor), _bare, times=times)
            print(f"a job that does nothing, from POST to COMPLETED: {job:.1f} ms")
            print(f"bash -c true, by hand: {bare:.1f} ms")
            print(f"overhead: {job - bare:.1f} ms (target: below 150){'' if job - bare < 150 else '  MISSED'}")
            rate, cpu = _rate(address, times)
            print(f"jobs per second with {_CLIENTS} clients: {rate:.1f} on {cpu} processors")


def _job(visitor: Visitor) -> None:
    path = visitor.post("/uws/noop", {"PHASE": "RUN"})
    while (phase := visitor.get(f"{path}/phase")) in {b"QUEUED", b"EXECUTING"}:
        visitor.get(f"{path}?WAIT=30")
    assert phase == b"COMPLETED", visitor.get(f"{path}/error")


def _bare() -> None:
    assert subprocess.run(["bash", "-c", "true"], check=True).returncode == 0


def _rate(address: str, times: int) -> tuple[float, int]:
    def work() -> None:
        visitor = Visitor(address)
        for _ in range(times):
            _job(visitor)

    threads = [threading.Thread(target=work) for _ in range(_CLIENTS)]
    begin = time.perf_counter()
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return _CLIENTS * times / (time.perf_counter() - begin), os.cpu_count() or 1


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
