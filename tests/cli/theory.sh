#!/bin/sh
# The command theory: contract fields, usage errors in one line, figures that are complete.
# Usage: theory.sh PROGRAM
set -u
program=$(realpath "$1") || exit 99
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 99
failures=0

complain() {
    failures=$((failures + 1))
    echo "FAIL: $*" >&2
}

# refuse PIECE ARGUMENT...: exit code 64, one line with PIECE, nothing on standard output.
refuse() {
    piece=$1
    shift
    "$program" theory "$@" >out 2>err </dev/null
    got=$?
    [ "$got" -eq 64 ] || complain "theory $*: exit $got, expected 64"
    [ -s out ] && complain "theory $*: wrote on standard output"
    [ "$(wc -l <err)" -eq 1 ] || complain "theory $*: not one line: $(cat err)"
    grep -qF -- "$piece" err || complain "theory $*: '$piece' is not in: $(cat err)"
}

# show PIECE ARGUMENT...: exit code 0, PIECE on standard output, nothing on standard error.
show() {
    piece=$1
    shift
    "$program" theory "$@" >out 2>err </dev/null || complain "theory $*: exit $?: $(cat err)"
    [ -s err ] && complain "theory $*: wrote on standard error: $(cat err)"
    grep -qE -- "$piece" out || complain "theory $*: '$piece' is not in: $(cat out)"
}

refuse 'levels 1 to 20' --level 0
refuse 'levels 1 to 20' --max-level=0
refuse 'levels 1 to 20' --level 21
refuse 'exclude each other' --level 2 --max-level 3
refuse 'drop --partial' --full --partial
refuse '--digits' --digits 0
refuse '--digits' --digits 99
refuse 'belong to --bounds' --m 30 --n 5
refuse '--m needs --n' --bounds --m 30
for range in 3:10 3:10:0 10:3:1 3:x:1 '' 3:4:1:1 nan 3:4:; do
    refuse '--alpha' --alpha "$range"
done
refuse 'more than' --alpha 3:10:1e-9
refuse 'alpha = -1' --alpha -1 --level 1
refuse '.svg, .png or .pdf' --plot figure.bmp
refuse 'one operand too many' 3

show '6.71569684 ' --level 2
show '6.7157 ' --level 2 --digits 4
show 'equals the full level 2' --partial --max-level 3
show '^ +10 +2 +2\.00289666' --alpha 10 --max-level 2
show 'energy is zero up to alpha = 2' --alpha 1.5 --level 1
show '9\.08860. +rigorous' --bounds
show 'heuristic.*Euler' --bounds
show 'P\(not injective\) <= 7.8358029e-05' --bounds --m 95 --n 10
show '"alpha_c": 6.7156968376' --level 2 --json
show '"energy": 2.0028966' --alpha 10 --level 2 --json
show '"full": null' --level 1 --json
show '"general_position": 2.75' --bounds --n 8 --json
[ "$("$program" theory --alpha 3:4:0.1 --level 1 --json | grep -c '"energy"')" -eq 11 ] ||
    complain 'theory --alpha 3:4:0.1: not 11 energies'

if command -v gnuplot >/dev/null 2>&1; then
    for kind in svg png pdf; do
        "$program" theory --max-level 2 --alpha 3:10:1 --plot "it's.$kind" >out 2>err ||
            complain "plot $kind: exit $?: $(cat err)"
        [ -s "it's.$kind" ] || complain "plot $kind: no figure"
    done
    [ "$(find . -name '.halfspan*' | wc -l)" -eq 0 ] || complain 'a temporary file is left'
    "$program" theory --level 1 --plot nowhere/figure.svg >out 2>err
    [ $? -eq 73 ] || complain 'a figure that cannot be written: not exit 73'
fi

[ "$failures" -eq 0 ] || exit 1
