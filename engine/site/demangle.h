/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of C++ functions, from symbols of the Itanium ABI
 * (https://itanium-cxx-abi.github.io/cxx-abi/abi.html#mangling), and of Rust's
 * (demangle_rust.c).
 *
 * Only the name is made, with its scopes and template arguments, without
 * parameters and return type: "ns::Table<int>::grow", "alloc::raw_vec::grow".
 * Otherwise it is as c++filt -p -i prints it, but for "{lambda}", Rust's
 * "{closure}", and ">>".  libstdc++'s
 * __cxa_demangle() allocates, and may not be in the process at all.
 */
#ifndef HMS_ENGINE_SITE_DEMANGLE_H
#define HMS_ENGINE_SITE_DEMANGLE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * False, and nothing in buf, for symbols that are no function's, or of a form
 * that is not known here.  Allocates nothing; not for two threads at
 * once.
 */
bool hms_demangle(const char *symbol, char *buf, size_t size);
/* "ns::Table<int>::grow" becomes "ns::Table::grow", in place. */
void hms_demangle_plain(char *name);

#endif
