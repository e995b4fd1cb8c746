/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The readers that readers.def names: each adds what it can find to the
 * builder, says what it cannot use, and never fails.  Called in the table's
 * order, from one thread.  In the preloaded library they run before the
 * program's main(): no malloc, nothing printed, no descriptor kept.
 */
#ifndef HMS_ENGINE_TOPOLOGY_READERS_H
#define HMS_ENGINE_TOPOLOGY_READERS_H

#include "engine/topology/builder.h"

#define HMS_READER(name, depth) void hms_read_##name(struct hms_builder *b);
#include "engine/topology/readers.def"
#undef HMS_READER

#endif
