"""The shell texts that run on a cluster. POSIX sh, but for the batch scripts; ``"$1"``… are their only values."""

from __future__ import annotations

from typing import Final

__all__ = ["BATCH", "NOTIFIER", "PREPARE", "SUBMIT"]

PREPARE: Final = """\
umask 077
mkdir -p "$1/.spool" "$1/.provstore" || exit 1
find "$1/.spool" -type f -mmin +1440 -exec rm -f {} +
if ! [ -d "$1/.provstore/$2" ]; then
    rm -rf "$1/.provstore/.$2.$$"
    mkdir "$1/.provstore/.$2.$$" && tar -xf - -C "$1/.provstore/.$2.$$" || exit 1
    mv -T "$1/.provstore/.$2.$$" "$1/.provstore/$2" 2>/dev/null || rm -rf "$1/.provstore/.$2.$$"
fi
[ -d "$1/.provstore/$2" ] || exit 1
sbatch --version
"""
"""Folder, name of the wrapper; its tar on standard input. Prints SLURM's release."""

SUBMIT: Final = """\
umask 077
folder=$1 job=$2
shift 2
cd "$folder" || exit 1
if [ -s "$job/number" ]; then exec cat "$job/number"; fi
if ! [ -e "$job/complete" ]; then tar -xf - || exit 1; fi
cd "$job" || exit 1
set -C
left=10
while ! true 2>/dev/null >sbatch.lock; do
    if [ -s number ]; then exec cat number; fi
    if [ -n "$(find sbatch.lock -mmin +3 2>/dev/null)" ]; then break; fi
    [ $left -gt 0 ] || { echo "an earlier attempt is still under way" >&2; exit 75; }
    left=$((left - 1))
    sleep 0.5
done
set +C
if said=$("$@" batch.sh 2>sbatch.err); then
    echo "$said" >number
    echo "$said"
else
    code=$?
    rm -f sbatch.lock
    cat sbatch.err >&2
    exit $code
fi
"""
"""Folder, job, the sbatch command without its script; the job's tar on standard input. Prints what sbatch printed.

An earlier attempt, whose caller may be gone, is waited for. Processes are few, since each costs milliseconds. The tar
ends with the file ``complete``.
"""

BATCH: Final = """\
#!/bin/bash
umask 077
unset SLURM_TIME_FORMAT
export PATH=@PATH@ SLURM_EXPORT_ENV=ALL
exec @COMMAND@ "$PWD"
"""

NOTIFIER: Final = """\
#!/bin/bash
umask 077
export PATH=@PATH@
export SLURM_TIME_FORMAT=%s TZ=UTC LC_ALL=C
scontrol show job -o "$1" >scheduler.part 2>/dev/null && mv scheduler.part scheduler.txt
exec @COMMAND@ "$PWD"
"""
