#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Whose memory lies where?  Runs inside the machine with topology `tiers`:
# programs of C++, Python and Fortran, each with rules for one function's or
# one library's memory.  Every page of the memory that is meant must be on the
# rule's node, and no page of any other kind: so a page with blocks of both
# fails too.  Catches a caller that is mistaken, missed, or not found in the
# symbols, and memory of two places in one page.
. "$top_srcdir/tests/vm/place-lib.sh"

all=
# usage: apart NAME POLICY [KIND=NODE...]: with these rules the kinds lie on
# these nodes, each page, and every other kind wholly on node 0.
apart() {
	local name=$1 kind node wanted bad=

	under "$2" "${command[@]}"
	shift 2
	for kind in $all; do
		node=0
		for wanted; do
			[ "${wanted%=*}" = "$kind" ] && node=${wanted#*=}
		done
		[ "$(pages "$kind" pages)" -gt 0 ] &&
			[ "$(grep "^$kind " <<<"$got")" = \
				"$kind pages=$(pages "$kind" pages) node$node=$(
					pages "$kind" pages)" ] ||
			bad="$bad $kind"
	done
	if [ "$rc" -eq 0 ] && [ -z "$bad" ]; then
		pass "$name"
	else
		fail "$name"
		note "elsewhere than meant:$bad"
		why
	fi
}

# --- C++: templates, inlined functions, exceptions, a library --------------
cp "$top_builddir/tests/vm/callers" "$scratch/callers"
cp "$top_builddir/tests/vm/.libs/libcallers.so" "$scratch"
command=("$scratch/callers")
export LD_LIBRARY_PATH=$scratch
all='load merge ints reals thrown unwinding library callback thread plain'

apart 'C++: no rules' ''
apart 'a method' 'heap, via "*::Table::load" -> node:1' load=1
apart 'the other that has the same function inlined' \
	'heap, via "*::Table::merge" -> node:1' merge=1
apart 'an inlined function is no caller' 'heap, via "*inlined*" -> node:1'
apart 'one of two instances of a template' \
	'heap, via "*Store<double>::grow" -> node:1' reals=1
apart 'both' 'heap, via "*Store::grow" -> node:1' reals=1 ints=1
apart 'each its own node' 'heap, via "*Store<int>::*" -> node:2
	heap, via "*Store<*>::*" -> node:1' reals=1 ints=2
apart 'exceptions that a function throws' 'heap, via "*::refuse" -> node:1' \
	thrown=1
apart 'a function that is unwound, with those it calls' \
	'calloc, via "*::unwound" -> node:1' unwinding=1
apart 'what allocates while it is unwound, and what it threw' \
	'heap, via "*::unwound" -> node:1' unwinding=1 thrown=1
apart 'a library, also through libc and libstdc++' \
	'heap, from "libcallers.so" -> node:1' library=1
apart 'what is called back by a library' \
	'heap, via "*::Shelf::each"@"libcallers.so" -> node:1' callback=1
apart 'a function of every thread' 'heap, via "*::callback" -> node:1' \
	callback=1 thread=1
apart 'a function of one thread' 'heap, via "*::worker" -> node:1' thread=1
apart 'the program' 'heap, from "callers" -> node:1' load=1 merge=1 ints=1 \
	reals=1 thrown=1 unwinding=1 callback=1 thread=1 plain=1
apart 'nobody is libstdc++, or libc' 'heap, from "libstdc++*" -> node:1
	heap, from "libc.so*" -> node:1'
apart 'three rules' 'heap, via "*::merge" -> node:3
	heap, from "libcallers.so" -> node:2
	heap, size 1K..100K, via "*plain" -> node:1
	heap, via "*plain" -> node:1' merge=3 library=2 plain=1

# usage: offset FUNCTION FILE [-D]: where its code begins, in the file.
offset() {
	nm -C ${3:-} "$2" | awk -v name="$1" 'index($0, name "(") && !/clone/ &&
		sub(/^0*/, "0x") { print $1; exit }'
}
merge=$(offset Table::merge "$scratch/callers")
reals=$(offset 'Store<double>::grow' "$scratch/callers")
fill=$(offset Shelf::fill "$scratch/libcallers.so")
id=$(readelf -n "$scratch/callers" | awk '/Build ID/ { print $3 }')
strip "$scratch/callers" "$scratch/libcallers.so"
apart 'stripped: names are gone' 'heap, via "*::Table::merge" -> node:1'
apart 'stripped: a method by its offset' \
	"heap, via $merge@callers -> node:1" merge=1
apart 'stripped: an instance by its offset' \
	"heap, via $reals@callers -> node:1" reals=1
apart 'stripped: in the library' \
	"heap, via $fill@libcallers.so -> node:1" library=1
apart 'stripped: the library' 'heap, from libcallers.so -> node:1' library=1
# The machine's own /usr, which nobody else sees.
mkdir -p "/usr/lib/debug/.build-id/${id:0:2}"
objcopy --only-keep-debug "$top_builddir/tests/vm/callers" \
	"/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug"
apart 'stripped, with its debug file' \
	'heap, via "*::Table::merge" -> node:1' merge=1

# --- Python: two extension modules -----------------------------------------
if /usr/bin/python3 -c 'import numpy, lxml.etree' 2>"$scratch/none"; then
	command=(env PYTHONMALLOC=malloc /usr/bin/python3
		"$top_srcdir/tests/vm/extensions.py")
	all='arrays nodes texts bytearrays'
	apart 'Python: no rules' ''
	apart 'numpy' 'heap, from "_multiarray_umath.*" -> node:1' arrays=1
	apart 'the library of lxml' 'heap, from "libxml2.so*" -> node:1' \
		nodes=1 texts=1
	apart 'all that lxml does, and numpy' \
		'heap, via "*"@"etree.*" -> node:2
		heap, from "_multiarray_umath.*" -> node:1' \
		nodes=2 texts=2 arrays=1
	apart 'one exported function of libxml2' \
		'heap, via xmlStrdup@"libxml2.so*" -> node:1' texts=1
else
	skip 'Python: two extension modules' \
		'no modules (apt-get install python3-numpy python3-lxml)'
fi

# --- Fortran: subroutines of a module --------------------------------------
if [ -s "$top_builddir/tests/vm/flow" ]; then
	cp "$top_builddir/tests/vm/flow" "$scratch/flow"
	command=("$scratch/flow")
	all='pressure velocity automatic'
	apart 'Fortran: no rules' ''
	apart 'a subroutine: arrays and strings' \
		'heap, via "__fields_MOD_make_pressure" -> node:1' pressure=1
	apart 'as debuggers name it' \
		'heap, via "fields::make_velocity" -> node:1' velocity=1
	apart 'an automatic array' 'heap, via "fields::smooth" -> node:1' \
		automatic=1
	apart 'the whole module' 'heap, via "fields::*" -> node:1' \
		pressure=1 velocity=1 automatic=1
	apart 'nobody is libgfortran' 'heap, from "libgfortran*" -> node:1'
	at=0x$(nm "$scratch/flow" | sed -n 's/^0*\(.*\) T __fields_MOD_make_pressure/\1/p')
	strip "$scratch/flow"
	apart 'stripped: by its offset' "heap, via $at@flow -> node:1" pressure=1
else
	skip 'Fortran' 'no compiler (apt-get install gfortran)'
fi
finish
