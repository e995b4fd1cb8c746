/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SITE_IDS_H
#define SITE_IDS_H

#include <stddef.h>

typedef void *make_t(size_t n);
__attribute__((visibility("default"))) void *site_ids_make(
	make_t *make, size_t n);

#endif
