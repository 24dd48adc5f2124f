"""By what an input is told from a result: a copy that the script left as it was is none."""

import os
import stat


def stamp(file: str) -> "tuple[int, int] | None":
    """Give time and size of a regular file; None where there is none."""
    try:
        facts = os.stat(file)
    except OSError:
        return None
    return (facts.st_mtime_ns, facts.st_size) if stat.S_ISREG(facts.st_mode) else None


def stamps(folder: str) -> "dict[str, tuple[int, int]]":
    """Give those of all files in a folder."""
    found = {}
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        seen = stamp(os.path.join(folder, name))
        if seen is not None:
            found[os.path.join(folder, name)] = seen
    return found
