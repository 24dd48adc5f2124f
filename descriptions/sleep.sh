#!/bin/bash
# Waits, writes the text as its result and ends with the exit code that was asked for. No other program is started
# unless there is something to wait for.
set -u

if [ -z "${text+set}" ]; then # a value above 64 KiB is no variable
    program='import json, os; print(json.load(open(os.environ["PROVSTORE_PARAMETERS"]))["text"], end=".")'
    text=$(python3 -c "$program") || exit 1
    text=${text%.} # $(...) drops line ends at the end, but not before a point
fi
case $duration in
    *[1-9]*) sleep "$duration" || exit 1 ;;
esac
printf '%s' "$text" >"$rs/$result" || exit 1
exit "$exit_code"
