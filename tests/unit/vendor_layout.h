/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sizes and places of vendor_layout.def, once by our own declarations
 * (vendor_layout.c), once by the vendor's header.
 */
#ifndef TESTS_UNIT_VENDOR_LAYOUT_H
#define TESTS_UNIT_VENDOR_LAYOUT_H

#include <stddef.h>

#define SIZE(type) { #type, sizeof(type) },
#define FIELD(type, name) { #type "." #name, offsetof(type, name) },

struct layout {
	const char *what;
	size_t bytes;
};
extern const struct layout layout_ze[], layout_hip[]; /* ours */

#endif
