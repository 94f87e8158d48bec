#!/bin/sh
# Bad layer files at the command line: one line on standard error that names the file, nothing on
# standard output, the right exit code. Then generate and info on good ones.
# Usage: layer_files.sh PROGRAM
# shellcheck disable=SC2059 # the formats are bytes written as escapes
set -u
program=$(realpath "$1") || exit 99
folder=$(mktemp -d) || exit 99
trap 'chmod -R u+rwx "$folder"; rm -rf "$folder"' EXIT
cd "$folder" || exit 99
cases=0
failures=0

complain() {
    failures=$((failures + 1))
    echo "FAIL: $*" >&2
}

# expect CODE PIECE ARGUMENT...: the command fails so, and PIECE is in its message.
expect() {
    code=$1 piece=$2
    shift 2
    cases=$((cases + 1))
    timeout 20 "$program" "$@" >out 2>err </dev/null
    got=$?
    [ "$got" -eq "$code" ] || complain "halfspan $*: exit $got, expected $code: $(cat err)"
    [ -s out ] && complain "halfspan $*: wrote on standard output"
    [ "$(wc -l <err)" -eq 1 ] || complain "halfspan $*: not one line: $(cat err)"
    grep -qF -- "$piece" err || complain "halfspan $*: '$piece' is not in: $(cat err)"
}

# bad CODE PIECE FILE: both check and info refuse the file, with --json as well.
bad() {
    expect "$1" "$2" check "$3"
    expect "$1" "$2" check "$3" --json
    expect "$1" "$2" info "$3"
    grep -qF -- "$3" err || complain "$3 is not named: $(cat err)"
}

# npy FILE HEADER: a version 1.0 header (under 246 bytes); the numbers are appended by the caller.
npy() {
    printf "\\223NUMPY\\001\\000\\$(printf %03o ${#2})\\000%s" "$2" >"$1"
}

# safetensors FILE JSON
safetensors() {
    printf "\\$(printf %03o ${#2})\\000\\000\\000\\000\\000\\000\\000%s" "$2" >"$1"
}

one='\000\000\000\000\000\000\360\077'
nan='\000\000\000\000\000\000\370\177'

# --- cannot open
bad 66 'No such file' missing.npy
expect 66 'missing.npz: cannot open: No such file' check missing.npz:fc1
mkdir folder.npy
bad 66 'directory' folder.npy
bad 66 'directory' .
mkfifo fifo.csv
bad 66 'regular file' fifo.csv
bad 66 'regular file' /dev/null
ln -s loop.csv loop.csv
bad 66 'cannot open' loop.csv
printf '1\n' >locked.csv
chmod 0 locked.csv
[ "$(id -u)" -eq 0 ] || bad 66 'Permission denied' locked.csv
expect 66 'cannot open' check ''

# --- empty, unknown, not yet
for extension in npy npz safetensors csv txt mtx bin; do
    : >"empty.$extension"
    bad 65 'empty' "empty.$extension"
done
expect 65 'empty' check -
printf '\037\213\010\000' >layer.gz
bad 65 'unknown format' layer.gz
printf 'x' >layer.onnx
bad 65 '.onnx is not supported yet' layer.onnx

# --- .npy
good="{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1), }"
printf 'not numpy at all' >magic.npy
bad 65 'magic' magic.npy
printf '\223NUMPY\001' >short.npy
bad 65 'truncated' short.npy
printf '\223NUMPY\001\000\377\377{}' >length.npy
bad 65 'header of 65535 bytes' length.npy
npy data.npy "$good"
printf "$one" >>data.npy
bad 65 'promises 16 bytes of numbers, but 8 follow: truncated' data.npy
printf "$one$one" >>data.npy
bad 65 '8 bytes too many' data.npy
npy nan.npy "$good"
printf "$one$nan" >>nan.npy
bad 65 'row 2, column 1 is NaN' nan.npy
npy huge.npy "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000000000, 8), }"
bad 65 'more bytes than there can be' huge.npy
npy large.npy "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000), }"
bad 65 'truncated' large.npy
npy vector.npy "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }"
printf "$one$one" >>vector.npy
bad 65 'wrong rank' vector.npy
npy scalar.npy "{'descr': '<f8', 'fortran_order': False, 'shape': (), }"
printf "$one" >>scalar.npy
bad 65 'wrong rank' scalar.npy
npy cube.npy "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2, 1), }"
printf "$one$one" >>cube.npy
bad 65 'wrong rank' cube.npy
npy none.npy "{'descr': '<f8', 'fortran_order': False, 'shape': (0, 3), }"
bad 65 'empty' none.npy
npy object.npy "{'descr': '|O', 'fortran_order': False, 'shape': (2, 1), }"
bad 65 "type '|O' is not supported" object.npy
npy syntax.npy "{'descr': '<f8', 'shape': (2, 1)"
bad 65 'header' syntax.npy

# --- .npz
printf 'PK\003\004 and no more' >cut.npz
bad 65 'damaged .npz' cut.npz
printf 'PK\005\006\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000' >void.npz
bad 65 'without .npy arrays' void.npz
"$program" generate --m 30 --n 3 --ensemble gaussian --bias-ensemble uniform -o whole.npz >/dev/null
head -c 500 whole.npz >half.npz
bad 65 'damaged .npz' half.npz
{ head -c 300 whole.npz && printf 'XX' && tail -c +303 whole.npz; } >flipped.npz
bad 65 'CRC' flipped.npz
expect 65 "no layer 'fc9' in it; there is: weight, bias" check whole.npz:fc9

# --- .safetensors
printf '\002\000\000' >short.safetensors
bad 65 'truncated' short.safetensors
printf '\377\377\377\377\377\377\377\377{}' >length.safetensors
bad 65 'header of 18446744073709551615 bytes' length.safetensors
safetensors json.safetensors '{"weight": '
bad 65 'not JSON' json.safetensors
safetensors far.safetensors '{"weight":{"dtype":"F64","shape":[2,1],"data_offsets":[0,16]}}'
bad 65 'the file holds 0 to 0' far.safetensors
safetensors two.safetensors '{"a.weight":{"dtype":"F64","shape":[1,1],"data_offsets":[0,8]},"b.weight":{"dtype":"F64","shape":[1,1],"data_offsets":[8,16]}}'
printf "$one$one" >>two.safetensors
bad 65 'choose one with FILE:NAME from: a, b' two.safetensors
"$program" info two.safetensors:b >/dev/null || complain 'two.safetensors:b is a good layer'

# --- text
printf '1,2\n3\n' >ragged.csv
bad 65 'line 2: 1 numbers, expected 2' ragged.csv
printf '1,,2\n' >field.csv
bad 65 'line 1, column 2' field.csv
printf '1 2\n3 four\n' >word.txt
bad 65 "line 2, column 2: 'four' is not a number" word.txt
printf '1 2\nnan 4\n' >nan.txt
bad 65 'line 2, column 1' nan.txt
printf '1,inf\n' >inf.csv
bad 65 'infinite' inf.csv
printf '1,1e999\n' >range.csv
bad 65 'too large' range.csv
printf '# nothing here\n\n' >comment.csv
bad 65 'no numbers' comment.csv
printf '1,2\n\000\000,1\n' >nul.csv
bad 65 'line 2, column 1' nul.csv
printf '%%%%MatrixMarket matrix coordinate real general\n2 2 1\n3 1 5\n' >index.mtx
bad 65 "line 3: the row is '3', expected 1 to 2" index.mtx
printf '%%%%MatrixMarket matrix array real general\n1000000000 1000000000\n1\n' >huge.mtx
bad 65 'truncated' huge.mtx
printf '%%%%MatrixMarket matrix coordinate real general\n1000000000 1000000000 1\n1 1 1\n' >sparse.mtx
bad 65 'too large' sparse.mtx

# --- sparse files of a terabyte: refused by their first bytes
if truncate -s 1T zeros.npy 2>/dev/null; then
    bad 65 'magic' zeros.npy
    rm zeros.npy
    truncate -s 1T zeros.csv
    bad 65 'line 1, column 1' zeros.csv
    rm zeros.csv
fi

# --- bias
printf '1,2\n3,4\n5,6\n' >w.csv
printf '1\n2\n' >two.csv
expect 65 'the bias has 2 numbers, expected 3' check w.csv --bias two.csv
expect 65 '(would --transpose be right?)' check w.csv --bias two.csv
expect 66 'nothing.csv' check w.csv --bias nothing.csv
expect 64 'no bias' check w.csv --bias two.csv --no-bias
"$program" info w.csv --transpose --bias two.csv >/dev/null || complain 'a transposed layer with bias'

# --- generate
set -- generate --m 3 --n 2 --ensemble gaussian
expect 64 'needs -o' "$@"
expect 64 'needs --m' generate --n 2 --ensemble gaussian -o a.npy
expect 64 'needs --ensemble' generate --m 3 --n 2 -o a.npy
expect 64 'expected gaussian' generate --m 3 --n 2 --ensemble normal -o a.npy
expect 64 '0 < P <= 1' generate --m 3 --n 2 --ensemble sparse:2 -o a.npy
expect 64 'none' generate --m 3 --n 2 --ensemble none -o a.npy
expect 64 'sphere' "$@" --bias-ensemble sphere -o a.npy
expect 64 'unknown extension' "$@" -o a.jpg
expect 64 'use .npz' "$@" --bias-ensemble uniform -o a.npy
expect 64 'memory' generate --m 4294967295 --n 4294967295 --ensemble gaussian -o a.npy
expect 73 'cannot write' "$@" -o no/folder/a.npy
[ -e a.npy ] && complain 'a refused request left a file'
for extension in npy npz safetensors csv; do
    "$program" "$@" --seed 5 --quiet -o "layer.$extension" || complain "generate $extension"
    "$program" info "layer.$extension" | tail -n +2 >"info.$extension"
    cmp info.npy "info.$extension" || complain "$extension tells another layer than npy"
done
"$program" "$@" --seed 5 -o - | cmp - layer.csv || complain 'standard output differs from the file'
"$program" check - <layer.csv >out || [ $? -eq 1 ] || complain 'standard input'
"$program" "$@" --seed 18446744073709551615 --json -o big.npz >out || complain 'largest seed'
grep -q '"seed": "\{0,1\}18446744073709551615' out || complain "the seed is not in: $(cat out)"

echo "$cases refused, $failures wrong"
[ "$failures" -eq 0 ]
