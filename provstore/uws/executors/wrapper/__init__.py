"""Run one staged job directory and leave a truthful record of it: ``python3 -I -S wrapper DIRECTORY``.

The same folder runs here and on the nodes of a cluster: it stands alone, with the standard library of any Python from
3.6 on. So: no newer syntax or function, annotations in quotes, only modules that load within a few milliseconds.

Read are ``script.sh``, ``token`` (for call-backs; never put into arguments or an environment) and ``task.json``:

- ``job``: the job's id; ``environment``: the script's whole environment, nothing else is passed on but
- ``inherit``: names, or prefixes that end in ``*``, of variables that a scheduler sets for us, [];
- ``execution_duration``: seconds of wall time, 0 (default) is without limit; ``kill_grace``: from TERM to KILL, 5;
- ``log_max``: bytes kept of stdout and of stderr (first and last half), default 8 MiB;
- ``shell``: words before the script's path, ["bash"];
- ``callback``: URL told of each change of state, ""; ``callback_ca``: file of those believed, "" the system's;
- ``spool``: folder for the same as files, where there is nobody to call or calling failed, ""; see `.calling`;
- ``products``: names and globs of results to be measured here, missing where the server does that; see `.products`;
- ``isolation``: what is hidden from the script, missing where nothing is; ``show``: files and folders that are not,
  wherever they lie, []; see `.isolation`.

Written are ``claim`` (whoever makes it runs the job, so it runs once), ``lock`` (under flock while this lives; holds
its pid, from before the claim), ``stdout``, ``stderr``, ``events.jsonl`` (a line per change of state), ``status.json``
(the last of these lines): ``job``, ``seq``, ``state`` (EXECUTING, ENDED), ``cause`` (exit, signal, timeout, abort,
failed-to-start), ``exit_code``, ``message``, ``started_at``, ``ended_at``, ``host``, ``pid`` (of this), ``pgid`` (the
script's group and session), ``cpu_seconds``, ``max_rss`` (bytes), ``scheduler`` (what SLURM says of the job, by its
variables; null elsewhere), ``isolated`` (null where nobody asked). ``products.json`` is there before ENDED is.
``callback.log`` tells of call-backs that failed.

``wrapper --notify DIRECTORY`` runs nothing: it tells ``{"job": …, "source": "scheduler"}`` in the same ways, in the
spool as ``JOB.scheduler``. So what SLURM starts after the job tells of ends that the wrapper did not live to see.

``claimed`` is printed once the job is taken; standard output is held until the end is recorded. TERM, INT, HUP, or a
file ``abort`` found at the start abort the job. When ENDED is written, no process of the job is left.
"""
