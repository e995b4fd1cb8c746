#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Our own declarations of vendors' functions against the vendors' headers,
# where these are installed.  Would catch: an argument of another type or in
# another place, a number that means something else, a version from which on
# a name means another function.
. "$top_srcdir/tests/lib.sh" || exit 99
: "${CC:=cc}"

# first FILE... : the first that is there
first() {
	local path
	for path in "$@"; do
		[ -f "$path" ] && echo "$path" && return
	done
}

nvcc=$(command -v nvcc)
cuda=$(first "${CUDA_HOME:-/nowhere}/include/cuda.h" \
	"${nvcc%/bin/nvcc}/include/cuda.h" /usr/local/cuda/include/cuda.h \
	/usr/include/cuda.h)
cuda=${cuda%/cuda.h}

# compile NAME : stdin, with the vendor's header first
compile() {
	cat >"$scratch/$1.c"
	$CC -std=gnu11 -w -I"$cuda" -I"$top_srcdir" -c "$scratch/$1.c" \
		-o "$scratch/$1.o"
}

# Of what is passed by value or looked into.
sizes() {
	cat <<'END'
#include <stdio.h>
#include <stddef.h>
#define SAY(type) printf(#type " %zu\n", sizeof(type));
#define AT(type, ours, theirs) printf(#type " " #ours " %zu\n", offsetof(type, MEMBER(ours, theirs)));
int main(void)
{
	SAY(CUresult) SAY(CUdevice) SAY(CUdeviceptr) SAY(cuuint64_t)
	SAY(CUmemGenericAllocationHandle) SAY(CUmem_advise)
	SAY(CUmem_range_attribute) SAY(CUpointer_attribute)
	SAY(CUdevice_attribute) SAY(CUstreamCaptureStatus)
	SAY(CUstreamCaptureMode) SAY(CUdriverProcAddressQueryResult)
	SAY(CUmemLocation) SAY(CUipcMemHandle) SAY(CUmemAllocationProp)
	SAY(CUmemAccessDesc) SAY(CUmemPoolProps) SAY(CUlaunchConfig)
	AT(CUlaunchConfig, hStream, hStream)
	AT(CUmemLocation, type, type) AT(CUmemLocation, id, id)
	AT(CUmemAllocationProp, location, location)
	AT(CUmemAccessDesc, location, location) AT(CUmemAccessDesc, flags, flags)
	AT(CUmemPoolProps, type, allocType) AT(CUmemPoolProps, location, location)
	return 0;
}
END
}

if [ -z "$cuda" ]; then
	for name in prototypes numbers types versions; do
		skip "CUDA: $name" "no cuda.h is installed (NVIDIA's toolkit)"
	done
	finish
fi

# cuda.h hides older forms behind this; both are compared.
compile prototypes <<'END' >"$scratch/out" 2>&1
#define __CUDA_API_VERSION_INTERNAL
#include <cuda.h>
#define HMS_CUDA_TYPES_GIVEN
#include "shims/cuda_driver.h"
END
is "CUDA: prototypes are the vendor's" "$(grep error "$scratch/out")" ""
is "CUDA: each of them was compared" "$(
	$CC -std=gnu11 -Wredundant-decls -I"$cuda" -I"$top_srcdir" -c \
		"$scratch/prototypes.c" -o "$scratch/again.o" 2>&1 |
		grep -oE "redeclaration of .?cu[A-Za-z0-9_]+" |
		grep -oE 'cu[A-Za-z0-9_]+$' | sort -u >"$scratch/compared"
	grep -oE '\bcu[A-Z][A-Za-z0-9_]*\(' "$top_srcdir/shims/cuda_driver.h" |
		tr -d '(' | sort -u | comm -23 - "$scratch/compared")" ""

compile numbers <<'END' >"$scratch/out" 2>&1
#include <cuda.h>
#define HMS_CU(name, value) _Static_assert((int)(name) == (value), #name);
#include "shims/cuda_names.def"
END
is "CUDA: numbers are the vendor's" "$(grep -E 'error' "$scratch/out")" ""

{
	echo '#include "shims/cuda_driver.h"'
	echo '#define MEMBER(ours, theirs) ours'
	sizes
} >"$scratch/ours.c"
{
	echo '#include <cuda.h>'
	echo '#define MEMBER(ours, theirs) theirs'
	sizes
} >"$scratch/theirs.c"
for who in ours theirs; do
	$CC -std=gnu11 -w -I"$cuda" -I"$top_srcdir" "$scratch/$who.c" \
		-o "$scratch/$who" && "$scratch/$who" >"$scratch/$who.sizes"
done
ok "CUDA: types were looked at" test -s "$scratch/theirs.sizes"
is "CUDA: types are as large, members where they are" \
	"$(diff "$scratch/ours.sizes" "$scratch/theirs.sizes")" ""

# versions FILE : rows whose edges are not those of the typedefs
versions() {
	local _vendor base symbol min max stream suffix
	sed -nE 's/^HMS_HOOK\(CUDA, (.*)\)$/\1/p' "$top_srcdir/shims/hooks.def" |
		tr -d , | while read -r base symbol min max stream; do
		suffix=
		[ "$stream" = OWN ] && suffix=_ptsz
		grep -q "PFN_${base}_v$min$suffix)" "$1" ||
			echo "$symbol: nothing begins at $min"
		if [ "$max" = HMS_VERSION_ANY ]; then
			grep -oE "PFN_${base}_v[0-9]+$suffix\)" "$1" |
				grep -oE 'v[0-9]+' | tr -d v |
				awk -v min="$min" -v s="$symbol" \
					'$1 > min { print s ": another from " $1 }'
		else
			grep -q "PFN_${base}_v$((max + 1))$suffix)" "$1" ||
				echo "$symbol: nothing begins after $max"
		fi
		[ "$stream" = ANY ] && grep -q "PFN_${base}_v${min}_pt[sd][sz])" "$1" &&
			echo "$symbol: there is one for each thread's stream"
	done
}
if [ -f "$cuda/cudaTypedefs.h" ]; then
	is "CUDA: names mean these functions from these versions on" \
		"$(versions "$cuda/cudaTypedefs.h")" ""
else
	skip "CUDA: versions" "no cudaTypedefs.h is installed"
fi
# What is read of CUPTI's records; see shims/cupti.c.
if [ -f "$cuda/cupti.h" ]; then
	compile cupti <<'END' >"$scratch/out" 2>&1
#include <stddef.h>
#include <cupti.h>
#define T CUpti_ActivityUnifiedMemoryCounter3
#define KIND(name) CUPTI_ACTIVITY_UNIFIED_MEMORY_COUNTER_KIND_##name
_Static_assert(CUPTI_ACTIVITY_KIND_UNIFIED_MEMORY_COUNTER == 25, "kind");
_Static_assert(KIND(BYTES_TRANSFER_HTOD) == 1, "in");
_Static_assert(KIND(BYTES_TRANSFER_DTOH) == 2, "out");
_Static_assert(KIND(GPU_PAGE_FAULT) == 4, "fault");
_Static_assert(KIND(BYTES_TRANSFER_DTOD) == 8, "over");
_Static_assert(offsetof(T, counterKind) == 4 && offsetof(T, value) == 8, "value");
_Static_assert(offsetof(T, srcId) == 40 && offsetof(T, dstId) == 44, "devices");
_Static_assert(CUPTI_ERROR_NOT_INITIALIZED == 15, "code");
END
	is "CUPTI: records are as we read them" "$(grep error "$scratch/out")" ""
else
	skip "CUPTI: records" "no cupti.h is installed"
fi
finish
