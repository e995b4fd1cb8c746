# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Stands for the unit tests where configure found no Criterion, so that their
# absence is seen.
. "$top_srcdir/tests/lib.sh"

skip 'every unit test' \
	'configure found no Criterion (apt-get install libcriterion-dev)'
finish
