#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# private-jemalloc.sh ARCHIVE PREFIX OUTPUT.o
#
# Makes one private jemalloc out of Debian's PIC archive: a single object
# whose public names begin with PREFIX and whose other names are local, so
# that neither the host's jemalloc nor another instance of ours can meet it.
#
# What it needs from outside is redirected where a guest must not just do it:
#   its pages     to PREFIXmmap and PREFIXmunmap (engine/heap/window.c), so
#                 that every byte of an instance lies in a window of ours
#   atfork        to PREFIXpthread_atfork: preload/fork.c keeps the order
#   configuration the host's MALLOC_CONF and /etc/malloc.conf are not for us
#   threads, brk  refused
#   profiling     compiled into Debian's build, never switched on here; its
#                 needs (libm, the unwinder) would be loaded into every host
set -eu
archive=$1 prefix=$2 output=$3
: "${AR:=ar}" "${LD:=ld}" "${OBJCOPY:=objcopy}" "${READELF:=readelf}"

work=$(mktemp -d "${TMPDIR:-/tmp}/private-jemalloc.XXXXXX")
trap 'rm -rf "$work"' EXIT
archive=$(cd "$(dirname "$archive")" && pwd)/$(basename "$archive")

# LD may be a command with options, as libtool finds it.
(cd "$work" && "$AR" x "$archive" && rm -f jemalloc_cpp.pic.o &&
	$LD -r -o all.o ./*.pic.o)

"$READELF" -sW "$work/all.o" |
	awk -v p="$prefix" '$7 != "UND" && $6 == "DEFAULT" &&
		($5 == "GLOBAL" || $5 == "WEAK") && $4 != "SECTION" {
			print $8, p $8 }' | sort -u >"$work/rename"
# Settings that engine/heap/instance.c makes; its own parser would clear errno
# in whatever call of the program's starts the instance.
settings='opt_tcache_gc_incr_bytes opt_lg_tcache_nslots_mul'
for name in $settings; do
	echo "je_$name $prefix$name"
done >>"$work/rename"
for name in mmap munmap pthread_atfork; do
	echo "$name $prefix$name"
done >>"$work/rename"
for name in madvise mprotect secure_getenv readlink sbrk pthread_create \
	dlsym atexit exp log round _Unwind_Backtrace _Unwind_GetIP; do
	echo "$name hms_heap_$name"
done >>"$work/rename"

# Without its constructor an instance starts when it is first used, or never.
"$OBJCOPY" --remove-section=.init_array --remove-section=.rela.init_array \
	--strip-debug --redefine-syms="$work/rename" --localize-hidden \
	"$work/all.o" "$work/private.o"
for name in $settings; do
	"$OBJCOPY" --globalize-symbol="$prefix$name" "$work/private.o"
done
mv "$work/private.o" "$output"
