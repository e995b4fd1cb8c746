/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory that report/sites.h lies in: a file that grows, or private
 * memory.  Everything here is called under the lock of report/account.c.
 */
#ifndef HMS_REPORT_SITES_FILE_H
#define HMS_REPORT_SITES_FILE_H

#include <stdbool.h>

#include "report/sites.h"

/*
 * Makes it: the file beside the status page, or private memory where there is
 * none.  *most: rows that have addresses.  NULL: no memory.
 */
struct hms_sites *hms_sites_file_make(unsigned *most);
/*
 * Is there a block under each byte of this row?  Reserves more of them.  False:
 * no disk, or a limit (RLIMIT_FSIZE would be a signal).
 */
bool hms_sites_file_has(unsigned row);
/* What the parent made is the parent's: this process has none yet. */
void hms_sites_file_forget(void);

#endif
