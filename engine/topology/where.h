/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where files about the machine are, besides the kernel's own: what users
 * know better (hms.conf), and what was measured.  Reads the environment by
 * secure_getenv(3), so only while there is one thread; allocates nothing,
 * never touches errno.
 */
#ifndef HMS_ENGINE_TOPOLOGY_WHERE_H
#define HMS_ENGINE_TOPOLOGY_WHERE_H

#include <stdbool.h>
#include <stddef.h>

enum hms_whose {
	HMS_OF_SYSTEM, /* sysconfdir, localstatedir */
	HMS_OF_USER, /* the XDG base directories; none if set-user-id */
};

#define HMS_WHERE_BYTES 1024

/*
 * root: that of a recorded machine, whose only file it is; "": this machine.
 * 0; -ENOENT: there is no such place; -ENAMETOOLONG.
 */
int hms_where_conf(
	const char *root, enum hms_whose whose, char *buf, size_t size);
int hms_where_measured(
	const char *root, enum hms_whose whose, char *buf, size_t size);

/*
 * A name for this machine that stays when it boots: 32 hexadecimal digits
 * made from /etc/machine-id so that it cannot be told from them, as machine-
 * id(5) asks for; they are what `systemd-id128 machine-id --app-specific=`
 * says for HMS_MACHINE_APP.  Without, "host-" and the host's name.  buf of at
 * least 80 bytes.
 */
#define HMS_MACHINE_APP "25badcfc0c874eeba0757eebc3599786"
void hms_where_machine(char *buf, size_t size);

#endif
