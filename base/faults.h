/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fault injection, in test builds only (-DHMS_FAULTS): HMS_FAULT names calls
 * of base/sys.c that are to fail, as "NAME:NTH:ERRNO", NTH a number from 1,
 * or "*" for every one; several are separated by commas.  The file named by
 * HMS_FAULT_SEEN is created when one was injected.  To the file that
 * HMS_FAULT_CALLS names each call that is made is appended, once, a line each.
 */
#ifndef HMS_BASE_FAULTS_H
#define HMS_BASE_FAULTS_H

#ifdef HMS_FAULTS
/* 0: go on; else the -errno that this call is to return. */
long hms_fault(const char *name);
#else
static inline long hms_fault(const char *name)
{
	(void)name;
	return 0;
}
#endif

#endif
