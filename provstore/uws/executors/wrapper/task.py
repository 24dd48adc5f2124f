"""What is asked of a run: the words of ``task.json``."""

import json
import os


class Task:
    """The words of ``task.json`` in the working directory, which is the job's."""

    def __init__(self) -> None:
        with open("task.json", "rb") as file:
            words = json.loads(file.read().decode("utf-8"))
        self.job = str(words["job"])
        # UTF-8 whatever the locale: an old Python in the C locale would refuse it
        given = {str(k).encode("utf-8"): str(v).encode("utf-8") for k, v in words["environment"].items()}
        self.environment = _inherited([str(word) for word in words.get("inherit") or []])
        self.environment.update(given)
        self.execution_duration = float(words.get("execution_duration") or 0)
        self.kill_grace = float(words.get("kill_grace", 5))
        self.log_max = int(words.get("log_max", 8 << 20))
        self.shell = [str(word) for word in words.get("shell") or ["bash"]]
        self.callback, self.callback_ca, self.spool = (
            str(words.get(name) or "") for name in ("callback", "callback_ca", "spool")
        )
        products = words.get("products")
        self.products = None if products is None else [str(pattern) for pattern in products]
        self.show = [str(path) for path in words.get("show") or []]
        isolation = words.get("isolation") or {}
        self.isolation = str(isolation.get("mode", "auto")) if isolation else ""
        self.hide = [str(folder) for folder in isolation.get("hide") or []]


def _inherited(wanted: "list[str]") -> "dict[bytes, bytes]":
    names = {word.encode("utf-8") for word in wanted}
    prefixes = tuple(name[:-1] for name in names if name.endswith(b"*"))
    return {name: value for name, value in os.environb.items() if name in names or name.startswith(prefixes)}
