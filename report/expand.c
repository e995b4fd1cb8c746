/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/report.h"

#include <errno.h>
#include <string.h>

static int escape(
	char letter, const struct hms_report_names *names, struct hms_text *out)
{
	switch (letter) {
	case 'p':
		hms_text_add(out, "%d", (int)names->pid);
		return 0;
	case 'e':
		hms_text_add(out, "%s", names->program);
		return 0;
	case 'h':
		hms_text_add(out, "%s", names->host);
		return 0;
	case 'r':
		hms_text_add(out, "%s", names->rank);
		return 0;
	case '%':
		hms_text_put(out, "%", 1);
		return 0;
	}
	return -EINVAL;
}

int hms_report_expand(const char *spec, const struct hms_report_names *names,
	struct hms_text *out, const char **bad)
{
	size_t plain;

	for (; *spec; spec += plain) {
		plain = strcspn(spec, "%");
		hms_text_put(out, spec, plain);
		if (!spec[plain])
			break;
		if (escape(spec[plain + 1], names, out)) {
			*bad = spec + plain;
			return -EINVAL;
		}
		plain += 2;
	}
	return out->cut ? -ENAMETOOLONG : 0;
}
