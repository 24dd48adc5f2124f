#!/bin/bash
# Copies a file, byte by byte.
set -eu

if [ ! -f "$input" ]; then
    echo "copy: the input '$input' is no file" >&2
    exit 1
fi
cat -- "$input" >"$rs/$output"
