/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sources: machine-id(5); sd_id128_get_machine_app_specific(3); the XDG Base
 * Directory Specification (relative paths there are to be ignored).
 */
#include "engine/topology/where.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/sha256.h"
#include "base/sys.h"
#include "base/text.h"

#define ID_BYTES 16

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 32 hexadecimal digits; false: it is none such. */
static bool read_id(const char *text, uint8_t out[ID_BYTES])
{
	for (unsigned i = 0; i < ID_BYTES; i++) {
		int high = digit(text[2 * i]);
		int low = high < 0 ? -1 : digit(text[2 * i + 1]);

		if (low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

void hms_where_machine(char *buf, size_t size)
{
	struct hms_text text = { buf, size, 0, false };
	uint8_t machine[ID_BYTES], app[ID_BYTES], hash[HMS_SHA256_BYTES];
	struct utsname names;
	char id[64];
	ssize_t len = hms_sys_read_file("/etc/machine-id", id, sizeof(id));

	buf[0] = 0;
	if (len >= 2 * ID_BYTES && read_id(id, machine) &&
		read_id(HMS_MACHINE_APP, app)) {
		hms_hmac_sha256(machine, ID_BYTES, app, ID_BYTES, hash);
		/* The bits that say: a random UUID, RFC 4122. */
		hash[6] = (hash[6] & 0x0f) | 0x40;
		hash[8] = (hash[8] & 0x3f) | 0x80;
		for (unsigned i = 0; i < ID_BYTES; i++)
			hms_text_add(&text, "%02x", hash[i]);
		return;
	}
	if (hms_sys_uname(&names))
		memcpy(names.nodename, "unknown", sizeof("unknown"));
	for (char *p = names.nodename; *p; p++)
		if (*p == '/')
			*p = '_';
	hms_text_add(&text, "host-%s", names.nodename);
}

/* $NAME/hms, or below the home: "~/BELOW/hms". */
static bool user_folder(
	struct hms_text *text, const char *name, const char *below)
{
	const char *folder = secure_getenv(name);

	if (folder && *folder) {
		hms_text_add(text, "%s/hms", folder);
		return folder[0] == '/';
	}
	folder = secure_getenv("HOME");
	if (!folder || folder[0] != '/')
		return false;
	hms_text_add(text, "%s/%s/hms", folder, below);
	return true;
}

int hms_where_conf(
	const char *root, enum hms_whose whose, char *buf, size_t size)
{
	struct hms_text text = { buf, size, 0, false };

	buf[0] = 0;
	if (*root && whose == HMS_OF_USER)
		return -ENOENT;
	if (*root)
		hms_text_add(&text, "%s/hms/conf", root);
	else if (whose == HMS_OF_SYSTEM)
		hms_text_add(&text, "%s/hms/hms.conf", HMS_SYSCONFDIR);
	else if (user_folder(&text, "XDG_CONFIG_HOME", ".config"))
		hms_text_add(&text, "/hms.conf");
	else
		return -ENOENT;
	return text.cut ? -ENAMETOOLONG : 0;
}

int hms_where_measured(
	const char *root, enum hms_whose whose, char *buf, size_t size)
{
	struct hms_text text = { buf, size, 0, false };
	char machine[80];

	buf[0] = 0;
	if (*root) {
		if (whose == HMS_OF_USER)
			return -ENOENT;
		hms_text_add(&text, "%s/hms/measured", root);
		return text.cut ? -ENAMETOOLONG : 0;
	}
	if (whose == HMS_OF_SYSTEM)
		hms_text_add(&text, "%s", HMS_STATEDIR);
	else if (!user_folder(&text, "XDG_STATE_HOME", ".local/state"))
		return -ENOENT;
	hms_where_machine(machine, sizeof(machine));
	hms_text_add(&text, "/measured-%s", machine);
	return text.cut ? -ENAMETOOLONG : 0;
}
