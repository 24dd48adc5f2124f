"""Run all measurements, or those named: ``python -m bench [NAME...]``. Each prints what it measured.

Ratios in one run on one machine; they are to be read, not tested: a busy machine makes any number large.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

_PARTS: Final = frozenset({"__main__", "clients", "diamonds", "serving", "toy"})
"""Modules of this folder that measure nothing by themselves."""


def main(names: list[str]) -> int:
    """Run the measurements one after the other, each in a process of its own; give the number of those that failed."""
    known = sorted(file.stem for file in Path(__file__).parent.glob("*.py") if file.stem not in _PARTS)
    unknown = sorted(set(names) - set(known))
    if unknown:
        print(f"bench: no measurement {unknown[0]!r}; known: {', '.join(known)}", file=sys.stderr)
        return 2
    failed = 0
    for name in names or known:
        print(f"== {name}", flush=True)
        done = subprocess.run([sys.executable, "-m", f"bench.{name}"], cwd=Path(__file__).parents[1], check=False)
        failed += done.returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
