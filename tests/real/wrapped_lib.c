/* SPDX-License-Identifier: BSD-2-Clause */
/* A wrapper in a library of its own; see wrapped.cc. */
#include <stdlib.h>

static volatile int keep;

void *xmalloc(size_t n);
void *xmalloc(size_t n)
{
	void *block = malloc(n);

	if (!block)
		abort();
	keep++;
	return block;
}

/* It allocates for itself, by the same wrapper. */
void library_work(int n);
void library_work(int n)
{
	for (int i = 0; i < n; i++) {
		void *small = xmalloc(100), *large = xmalloc(3000);

		free(small);
		free(large);
	}
}
