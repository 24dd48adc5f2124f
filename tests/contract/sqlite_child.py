"""A second process at the same file, for the tests: ``python -m tests.contract.sqlite_child PATH MODE NAME COUNT``."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from provstore.graph.sqlite import open_sqlite
from tests.contract.graph_builders import activity, add, entity, generated


def main(path: Path, mode: str, name: str, count: int) -> None:
    """Do what the mode says; each line that is printed was acknowledged by the store before."""
    store = open_sqlite(path)
    if mode == "namespace":
        os.write(1, f"{store.namespace}\n".encode())
        return

    def write(number: int) -> None:
        local = f"{name}-{number}"
        add(store, activity(f"a{local}"), entity(f"e{local}"), generated(f"e{local}", f"a{local}"))
        os.write(1, f"{local}\n".encode())  # one call: threads print whole lines

    with ThreadPoolExecutor(4 if mode == "threads" else 1) as pool:
        list(pool.map(write, range(count)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))
