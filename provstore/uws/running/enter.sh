# Prepares what a script runs in, and becomes the script:
#     bash enter.sh INIT [MODULE...] -- COMMAND [ARGUMENT...]
# INIT is the file that brings the command `module`, "" for the first of the usual ones.
# All of it are arguments: nothing is read as shell text. What can't be had is told in the last line of stderr, with
# exit code 125. Variables here begin with PROVSTORE_, which no parameter of a job may: those are in the environment.

provstore_fail() {
    printf 'provstore: %s\n' "$1" >&2
    exit 125
}

PROVSTORE_INIT=$1
shift
PROVSTORE_MODULES=()
while [ "$1" != -- ]; do
    PROVSTORE_MODULES+=("$1")
    shift
done
shift
PROVSTORE_COMMAND=("$@")
set -- # a file that is sourced sees the arguments

if [ -n "$PROVSTORE_INIT" ]; then
    PROVSTORE_PLACES=("$PROVSTORE_INIT")
else
    PROVSTORE_PLACES=(
        /etc/profile.d/z00_lmod.sh
        /etc/profile.d/lmod.sh
        /usr/share/lmod/lmod/init/bash
        /usr/share/modules/init/bash
        /usr/share/Modules/init/bash
        /etc/profile.d/modules.sh
    )
fi

if [ ${#PROVSTORE_MODULES[@]} -gt 0 ]; then
    for PROVSTORE_PLACE in "${PROVSTORE_PLACES[@]}"; do
        [ -r "$PROVSTORE_PLACE" ] || continue
        . "$PROVSTORE_PLACE" </dev/null
        [ "$(type -t module)" = function ] && break
    done
    [ "$(type -t module)" = function ] || provstore_fail \
        "modules ${PROVSTORE_MODULES[*]}: no module system on $(uname -n); looked for ${PROVSTORE_PLACES[*]}"
    for PROVSTORE_MODULE in "${PROVSTORE_MODULES[@]}"; do
        PROVSTORE_BEFORE=${LOADEDMODULES-}
        module load "$PROVSTORE_MODULE" </dev/null || provstore_fail "module $PROVSTORE_MODULE can't be loaded"
        # old module systems end with 0 whatever happens
        case ":${LOADEDMODULES-}:" in
            *":$PROVSTORE_MODULE:"* | *":$PROVSTORE_MODULE/"*) ;;
            *) [ "${LOADEDMODULES-}" != "$PROVSTORE_BEFORE" ] || provstore_fail "module $PROVSTORE_MODULE can't be loaded" ;;
        esac
    done
fi

if [ "${PROVSTORE_COMMAND[0]}" = apptainer ] && ! command -v apptainer >/dev/null; then
    command -v singularity >/dev/null || provstore_fail \
        "the container can't be entered: neither apptainer nor singularity is installed on $(uname -n) (PATH=$PATH)"
    PROVSTORE_COMMAND[0]=singularity
fi
command -v "${PROVSTORE_COMMAND[0]}" >/dev/null ||
    provstore_fail "the program ${PROVSTORE_COMMAND[0]} is not installed on $(uname -n) (PATH=$PATH)"
exec "${PROVSTORE_COMMAND[@]}"
