#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Each source on each kind of memory it is for: see rank.c, which is run here
# with what works on an ordinary host.  Catches a kind of memory that a source
# cannot take, though its own probe says that it works.
. "${top_srcdir:?}/tests/lib.sh"
. "$top_srcdir/tests/sources/ranks.sh"

ranks 'accessed bits of small pages' 1 accessed anon
# A huge page has one bit for all of it, which says less of hot ones.
HMS_TEST_FACTOR=20 ranks 'accessed bits of huge pages' 0.01 accessed anon huge
ranks 'refault of a memfd' 1 refault shared
ranks 'refault of a memfd with huge pages' 1 refault shared huge
ranks 'refault of a file' 1 refault file
ranks 'writes to small pages' 1 written anon
ranks 'read-write protection' 1 rwp anon
ranks 'NUMA hint faults' 1 hint anon

# --- a program that closes whatever descriptor it finds --------------------
export HMS_TEST_CLOSE=1
ranks 'accessed bits, descriptors closed' 1 accessed anon
ranks 'refault, descriptors closed' 1 refault shared
ranks 'writes, descriptors closed' 1 written anon
ranks 'NUMA hint faults, descriptors closed' 1 hint anon
finish
