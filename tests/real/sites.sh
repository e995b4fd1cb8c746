#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Rules by caller, on an optimised C++ program with a library: every call that
# a rule is for, and no other.  Would catch: frames of libstdc++ or libc that
# are charged, walks that end early or go astray (qsort, a signal handler),
# names that are not found in one of the symbol tables, identities that differ
# from run to run, hints that do not come from names.
. "$top_srcdir/tests/lib.sh" || exit 99
here=$top_builddir/tests/real
lib=libsites.so
export XDG_RUNTIME_DIR=$scratch
report=$scratch/report.json

if ! command -v jq >/dev/null; then
	skip "rules by caller" "jq is not installed"
	finish
fi
cp "$here/sites" "$scratch/prog" && cp "$here/.libs/$lib" "$scratch" || exit 99
export LD_LIBRARY_PATH=$scratch

calls() { # CONDITION : how many calls matched
	HMS_POLICY="rule r: heap, $1 -> node:0" HMS_REPORT=$report \
		hms "$scratch/prog" 2>&1
	jq -r '.rules[0].calls' "$report"
}

names() {
	is "$1: a static function" "$(calls 'via build_table')" 5
	is "$1: with its module" "$(calls 'via build_table@prog')" 5
	is "$1: not in another one" "$(calls "via build_table@$lib")" 0
	is "$1: both globs in quotes" "$(calls 'via "build_*@prog"')" 5
	is "$1: called from qsort" "$(calls 'via compare')" 1
	is "$1: in a signal handler" "$(calls 'via interrupted')" 1
	is "$1: in a template of two types" "$(calls 'via ns::Table::grow')" 22
	is "$1: of one type" "$(calls 'via "ns::Table<int>::grow"')" 11
	is "$1: below a class" "$(calls 'via "ns::Table<*"')" 22
	is "$1: mangled" "$(calls 'via _ZN2ns5TableIlE4growEm')" 11
}

names "symbols"
is "from the library, by libc and libstdc++ too" "$(calls "from $lib")" 32
is "from the program" "$(calls 'from prog')" 14
is "nobody is charged for libstdc++" "$(calls 'from "libstdc++*", via main')" 0
is "any function of a module" "$(calls "via \"*\"@$lib")" 32
is "two conditions" "$(calls "via lib_fill, from $lib, size >= 4K")" 3
is "a function that is nowhere" "$(calls 'via no_such_function')" 0
is "a site of another build" "$(calls 'site 0123456789abcdef')" 0

# Only exported names remain then, and offsets.
grow=0x$(nm -D "$scratch/$lib" | awk '/ _ZN2ns5TableIiE4growEm$/ { print $1 }' |
	sed 's/^0*//')
table=0x$(nm "$scratch/prog" | awk '/ t _ZL11build_table/ { print $1 }' |
	sed 's/^0*//')
id=$(readelf -n "$scratch/prog" | awk '/Build ID/ { print $3 }')
strip "$scratch/prog" "$scratch/$lib"
is "stripped: exported names are left" \
	"$(calls 'via "ns::Table<int>::grow"')" 11
is "stripped: others are not" "$(calls 'via build_table')" 0
is "stripped: by offset in the library" "$(calls "via $grow@$lib")" 11
is "stripped: by offset in the program" "$(calls "via $table@prog")" 5
is "stripped: by the offset of another byte" \
	"$(calls "via 0x$(printf %x $((table + 2)))@prog")" 5

# In a mount namespace of our own, so that the machine's folder is not touched.
with_debug_file() {
	export -f calls hms
	export scratch report here id
	unshare -rm bash -c '
		debug=/usr/lib/debug/.build-id/${id:0:2}
		mount -t tmpfs none /usr/lib/debug && mkdir -p "$debug" &&
			objcopy --only-keep-debug "$here/sites" \
				"$debug/${id:2}.debug" && calls "$1"' - "$1"
}
if [ -n "$id" ] && unshare -rm true 2>/dev/null; then
	is "stripped: by the separate debug file" \
		"$(with_debug_file 'via build_table')" 5
else
	skip "the separate debug file" "this user may not make namespaces"
fi

# Sites: the same twice, with other addresses, and after strip.
cp "$here/site_of" "$scratch/site_of"
one=$("$scratch/site_of")
is "two sites of 16 digits" \
	"$(grep -cE '^[0-9a-f]{16} [0-9a-f]{16}$' <<<"$one")" 1
is "two calls are two sites" \
	"$(tr ' ' '\n' <<<"$one" | sort -u | wc -l)" 2
read -r hint same first <<<"$("$scratch/site_of" hints)"
is "two calls of one function have one hint" "$hint" "$same"
is "it begins with the function's digit, and ends where the stack does" \
	"$(grep -cE "^${first}[1-9a-f]+0+\$" <<<"$hint")" 1
is "the same in another run" "$("$scratch/site_of")" "$one"
strip "$scratch/site_of"
is "the same when stripped" "$("$scratch/site_of")" "$one"

# Each call's site, wherever the program and its library are, and stripped.
ids() {
	"$1" | sort -u
}
only() { # LABEL : how many calls have that label's site
	HMS_POLICY="heap, site $(sed -n "s/^$1 //p" <<<"$wanted") -> node:0" \
		HMS_REPORT=$report hms "$scratch/far/$program" run 2>&1
	jq -r '.rules[0].calls' "$report"
}
mkdir "$scratch/far"
for program in site_ids site_ids_fixed; do
	cp "$here/$program" "$scratch" && cp "$here/$program" "$scratch/far"
	cp "$here/.libs/libsite_ids.so" "$scratch"
	wanted=$(ids "$scratch/$program")
	is "$program: five sites" "$(cut -d ' ' -f 2 <<<"$wanted" | sort -u |
		grep -c '^[0-9a-f]*[1-9a-f]')" 5
	is "$program: of five calls" "$(cut -d ' ' -f 1 <<<"$wanted" |
		tr '\n' ' ')" 'library once other thread thrice '
	is "$program: the same at other addresses" \
		"$(ids "$scratch/$program")" "$wanted"
	is "$program: the same without random addresses" \
		"$(setarch -R bash -c "'$scratch/$program'" | sort -u)" "$wanted"
	mv "$scratch/libsite_ids.so" "$scratch/far"
	strip "$scratch/far/$program" "$scratch/far/libsite_ids.so"
	LD_LIBRARY_PATH=$scratch/far
	is "$program: the same in another folder, stripped" \
		"$(ids "$scratch/far/$program")" "$wanted"
	is "$program: rules name them" \
		"$(for label in once thrice other library thread; do
			only $label
		done | tr '\n' ' ')" '1 3 5 7 2 '
	LD_LIBRARY_PATH=$scratch
done
finish
