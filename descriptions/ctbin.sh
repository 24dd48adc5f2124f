#!/bin/bash
# Bins an event list into a counts cube with ctbin of ctools. The parameters have the names of its early versions, as
# in the descriptions of OPUS; newer versions know some under other names and others no more: ctbin's own parameter
# file tells, and what this version does not know is named in the log and left out.
set -u

program=$(command -v ctbin) || {
    echo "ctbin: ctools is needed for this service, and there is no program 'ctbin' on the PATH of jobs ($PATH)." >&2
    echo "ctbin: install ctools, for example with 'conda install -c cta-observatory ctools', then start the server from" >&2
    echo "ctbin: that environment or name its bin directory in PROVSTORE_JOB_PATH." >&2
    exit 127
}
known=
for root in "${CTOOLS:-}" "${CONDA_PREFIX:-}" "$(dirname "$(dirname "$program")")"; do
    file=$root/syspfiles/ctbin.par
    if [ -n "$root" ] && [ -f "$file" ]; then
        known=$(sed -n 's/^[[:space:]]*\([A-Za-z_][A-Za-z0-9_]*\)[[:space:]]*,.*/\1/p' "$file")
        export CTOOLS=$root
        break
    fi
done

# knows NAME: this version of ctbin has such a parameter; without a parameter file every name is tried.
knows() { [ -z "$known" ] || grep -qxF -- "$1" <<<"$known"; }

arguments=()
# pass VALUE NAME...: give ctbin a value under the first of the names that it knows.
pass() {
    local value=$1 name
    shift
    for name in "$@"; do
        if knows "$name"; then
            arguments+=("$name=$value")
            return
        fi
    done
    echo "this version of ctbin has no parameter ${*}: left out" >>"$rs/$logfile.notes"
}

export PFILES=$wd # ctbin writes its parameters back; the job's own directory is the place for that
[ -n "$known" ] && cp "$CTOOLS/syspfiles/ctbin.par" "$wd/ctbin.par"
pass "$evfile" evfile inobs
pass "$rs/$outfile" outfile outcube outobs
pass "$rs/$logfile" logfile
for name in prefix ebinalg emin emax enumbins ebinfile usepnt nxpix nypix binsz coordsys xref yref axisrot proj \
    chatter clobber debug mode; do
    pass "${!name}" "$name"
done

"$program" "${arguments[@]}" || exit
[ -e "$rs/$logfile" ] || : >"$rs/$logfile" # chatter=0 writes none
if [ -e "$rs/$logfile.notes" ]; then
    cat "$rs/$logfile.notes" >>"$rs/$logfile"
    rm "$rs/$logfile.notes"
fi
