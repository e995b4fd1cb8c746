/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UTF-8 in what machines call themselves: RFC 3629.
 */
#ifndef HMS_TOOLS_UTF8_H
#define HMS_TOOLS_UTF8_H

/* Bytes of the well-formed sequence that text begins with; 0: it is none. */
unsigned tool_utf8(const char *text);

#endif
