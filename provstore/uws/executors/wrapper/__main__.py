"""Start the wrapper, wherever its folder lies: ``python3 -I -S FOLDER DIRECTORY``."""

import importlib
import os
import sys

if __name__ == "__main__":
    FOLDER = os.path.dirname(os.path.abspath(__file__))
    # Our own names come last: `log` or `run` must never stand for a module of the standard library.
    sys.path[:] = [place for place in sys.path if os.path.abspath(place) != FOLDER] + [os.path.dirname(FOLDER)]
    sys.exit(importlib.import_module(os.path.basename(FOLDER) + ".entry").main())
