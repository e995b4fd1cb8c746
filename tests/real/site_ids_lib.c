/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/real/site_ids.h"

static volatile int keep;

void *site_ids_make(make_t *make, size_t n)
{
	void *block = make(n);

	keep++;
	return block;
}
