"""What a script says, kept within a limit."""

import os


class Log:
    """A file that keeps all while that is at most ``limit`` bytes, then the first and the last half of it."""

    def __init__(self, name: str, limit: int) -> None:
        self.file = os.open(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC, 0o600)
        self.half, self.total, self.tail, self.trouble = max(1, limit // 2), 0, bytearray(), ""

    def write(self, data: bytes) -> None:
        """Take some more output."""
        self._put(data[: max(0, 2 * self.half - self.total)])
        self.tail += data[max(0, self.half - self.total) :]
        self.total += len(data)
        if len(self.tail) > 4 * self.half:
            del self.tail[: -self.half]

    def close(self) -> None:
        """Put the last half after the first one, and between them a line with the number of bytes left out."""
        left_out = self.total - 2 * self.half
        if left_out > 0:
            os.ftruncate(self.file, self.half)
            self._put(b"\n[provstore: %d bytes left out]\n%s" % (left_out, self.tail[-self.half :]))
        os.close(self.file)

    def _put(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self.file, data) :]
        except OSError as error:  # a full disk costs output, not the job
            self.trouble = str(error)
