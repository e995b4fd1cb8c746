#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The hook of dlsym(3) is not noticed by those whom it does not concern; see
# dlsym.c for what this would catch.
. "$top_srcdir/tests/lib.sh" || exit 99

run=$top_builddir/tests/vendor/dlsym
plugin=$top_builddir/tests/vendor/.libs/libdlsym_plugin.so
mkdir "$scratch/hidden"
cp "$top_builddir/tests/vendor/.libs/libdlsym_hidden.so" \
	"$scratch/hidden/libdlsym_by_runpath.so" || exit 99
cp "$plugin" "$scratch/" || exit 99
plugin=$scratch/libdlsym_plugin.so

"$run" "$plugin" >"$scratch/without"
is "without HMS it runs" "$?" 0
is "the libraries are what the test means" "$(grep -c . "$scratch/without")" 59
is "next ones and RUNPATHs are found" "$(grep '^next of\|RUNPATH' "$scratch/without")" \
	"next of a library: 41
next of a plugin: 41
a plugin's RUNPATH: found, no error"
for policy in "" off "rule big: malloc, size >= 1M -> local" \
	"rule gpu: cuda -> default" "rule gpu: hip|ze -> default"; do
	[ -z "$policy" ] || export HMS_POLICY=$policy
	hms "$run" "$plugin" >"$scratch/with"
	is "with HMS it runs (${policy:-no policy})" "$?" 0
	is "and finds the same (${policy:-no policy})" \
		"$(diff "$scratch/without" "$scratch/with")" ""
done
HMS_DISABLE=1 hms "$run" "$plugin" >"$scratch/with"
is "it finds the same with HMS_DISABLE" "$(diff "$scratch/without" "$scratch/with")" ""
# The other architecture's entries can be assembled, at least, and jump.
if clang --target=aarch64-linux-gnu -c -x assembler-with-cpp /dev/null \
	-o "$scratch/empty.o" 2>/dev/null; then
	for file in dlsym loader entry; do
		ok "$file.S assembles for aarch64" clang --target=aarch64-linux-gnu \
			-I"$top_srcdir" -c "$top_srcdir/shims/$file.S" -o "$scratch/$file.o"
	done
	is "dlsym is a function there" "$(readelf -sW "$scratch/dlsym.o" |
		awk '$8 == "dlsym" { print $4, $5 }')" "FUNC GLOBAL"
	if command -v llvm-objdump >/dev/null; then
		is "which leaves by a jump" "$(llvm-objdump -d --no-show-raw-insn \
			"$scratch/dlsym.o" | grep -cw 'br.*x16')" 2
	else
		skip "which leaves by a jump" "no llvm-objdump"
	fi
else
	skip "aarch64" "clang cannot assemble for it"
fi

# And run, where a compiler, its C library and an emulator are installed.
emulator=$(command -v qemu-aarch64-static || command -v qemu-aarch64)
cross=aarch64-linux-gnu-gcc
if [ -n "$emulator" ] && echo 'int main(void) { return 0; }' |
	$cross -x c - -o "$scratch/none" 2>/dev/null; then
	source=$top_srcdir/tests/vendor/dlsym_arch.c
	# part NAME FLAG... : a library of it
	part() {
		$cross -O2 -fno-optimize-sibling-calls -fPIC -shared -Wl,--no-as-needed "${@:2}" \
			-o "$scratch/lib$1.so"
	}
	ok "built for aarch64" eval 'part pick -DPICK "$source" "$top_srcdir/shims/dlsym.S" &&
		part last -DLAST "$source" &&
		part over -DOVER "$source" "$scratch/liblast.so" &&
		$cross "$source" -o "$scratch/arch" "$scratch/libover.so" "$scratch/liblast.so"'
	is "dlsym on aarch64: RTLD_NEXT is the caller's, a vendor's name is picked" \
		"$("$emulator" -L /usr/aarch64-linux-gnu -E LD_LIBRARY_PATH="$scratch" \
			-E LD_PRELOAD="$scratch/libpick.so" "$scratch/arch" 2>&1)" "70 42 1 1"
else
	skip "dlsym on aarch64" "no emulator or compiler (apt-get install qemu-user gcc-aarch64-linux-gnu)"
fi
finish
