#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Names of code against llvm-symbolizer's: the return address of every call of
# an optimised C++ program.  Would catch: lines of the wrong function in a chain
# of inlined ones, debug files that are not found, names of another build.
. "$top_srcdir/tests/lib.sh" || exit 99
symbolise=$top_builddir/tests/tools/symbolise
program=$scratch/program

cat >"$scratch/program.cc" <<-'EOF'
	#include <cstdio>
	#include <cstdlib>
	namespace ns {
	template <class T> struct Table {
		T *cells = nullptr;
		size_t n = 0;
		void grow(size_t by)
		{
			cells = static_cast<T *>(realloc(cells, (n += by) * sizeof(T)));
		}
		~Table() { free(cells); }
	};
	}
	static inline void *twice(size_t n) { return malloc(2 * n); }
	static inline void *more(size_t n)
	{
		puts("more");
		return twice(n + 1);
	}
	static __attribute__((noinline)) void *local(int n)
	{
		ns::Table<int> a;
		ns::Table<double> b;
		a.grow(n);
		if (n > 3)
			b.grow(2 * n);
		puts("local");
		return more(a.n + b.n);
	}
	int main(int argc, char **)
	{
		free(local(argc));
		free(more(argc));
	}
EOF
g++ -g -O2 -o "$program" "$scratch/program.cc" || exit 99

# The byte before the return address of each call.
objdump -d "$program" | awk '/^ +[0-9a-f]+:/ { if (after) print $1; after = 0 }
	/\tcall / { after = 1 }' | tr -d : | while read -r address; do
	printf '%x\n' $((0x$address - 1))
done >"$scratch/addresses"
ok "there are calls to look at" test "$(wc -l <"$scratch/addresses")" -gt 10

reference() { # FILE
	sed 's/^/0x/' "$scratch/addresses" |
		llvm-symbolizer --inlines --no-demangle --obj="$1" |
		sed -E 's/^(.*:[0-9]+):[0-9]+$/\1/; s/^[^/]*:0$/??:0/'
}
as_rules() { # names of a symbolizer, as rules have them
	awk '!NF { n = 0; print; next } { print ((++n % 2) ? "_" : " ") $0 }' |
		while IFS= read -r line; do
			case $line in
			_*) "$symbolise" -d <<<"${line#_}" ;;
			*) echo "${line# }" ;;
			esac
		done
}
ours() { # FILE
	"$symbolise" "$1" <"$scratch/addresses"
}

if ! command -v llvm-symbolizer >/dev/null; then
	skip "names of code" "llvm-symbolizer is not installed"
	finish
fi
reference "$program" | as_rules >"$scratch/wanted"
is "the same as llvm-symbolizer" "$(ours "$program")" "$(cat "$scratch/wanted")"
ok "some are inlined" grep -qx 'ns::Table<double>::grow' "$scratch/wanted"

objcopy --only-keep-debug "$program" "$scratch/program.debug"
strip -o "$scratch/linked" "$program"
is "stripped: nothing is known of local functions" \
	"$(ours "$scratch/linked" | grep -c 'local')" 0
ok "a debug link" objcopy --add-gnu-debuglink="$scratch/program.debug" \
	"$scratch/linked"
is "stripped, with a debug link: the same" "$(ours "$scratch/linked")" \
	"$(cat "$scratch/wanted")"

# Files that are none, or break off anywhere, have no names, and harm nobody.
echo 'no program' >"$scratch/text"
is "a text has no names" "$(ours "$scratch/text" | sort -u)" '
??
??:0'
size=$(stat -c %s "$program")
for ((at = 16; at < size; at += size / 37)); do
	head -c "$at" "$program" >"$scratch/cut"
	ours "$scratch/cut" >"$scratch/out" || echo "cut at $at: $?"
done >"$scratch/cuts"
is "files that break off" "$(cat "$scratch/cuts")" ""
finish
