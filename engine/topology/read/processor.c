/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/topology/read/processor.h"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif
#include <string.h>

#include "engine/topology/sysfs.h"

#define CPUINFO "proc/cpuinfo"

/* The value of "KEY\t: VALUE", without a 0 at its end; NULL: no such line. */
static const char *field(const char *text, const char *key, size_t *len)
{
	size_t n = strlen(key);
	const char *p = text;

	for (; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (strncmp(p, key, n) != 0 ||
			(p[n] != ' ' && p[n] != '\t' && p[n] != ':'))
			continue;
		p += n + strspn(p + n, " \t");
		if (*p != ':')
			continue;
		p++;
		p += strspn(p, " \t");
		*len = strcspn(p, "\n");
		return p;
	}
	return NULL;
}

static void copy(const char *text, const char *key, char *out, size_t size)
{
	size_t len;
	const char *value = field(text, key, &len);

	if (!value)
		return;
	if (len >= size)
		len = size - 1;
	memcpy(out, value, len);
	out[len] = 0;
}

static unsigned number(const char *text, const char *key)
{
	size_t len;
	const char *value = field(text, key, &len);
	uint64_t n;

	if (!value || !hms_sysfs_digits(value, &n) || n > UINT32_MAX)
		return 0;
	return (unsigned)n;
}

static void read_cpuinfo(
	const struct hms_builder *b, struct hms_processor *processor)
{
	/* The first CPU is told within some 400 bytes, flags apart. */
	char text[1024];

	if (hms_sysfs_read(b, text, sizeof(text), CPUINFO) <= 0)
		return;
	copy(text, "vendor_id", processor->vendor, sizeof(processor->vendor));
	copy(text, "model name", processor->name, sizeof(processor->name));
	processor->family = number(text, "cpu family");
	processor->model = number(text, "model");
	if (processor->vendor[0])
		return;
	copy(text, "CPU implementer", processor->vendor,
		sizeof(processor->vendor));
	processor->model = number(text, "CPU part");
}

#if defined(__x86_64__) || defined(__i386__)
static void ask(struct hms_processor *processor)
{
	unsigned eax, ebx, ecx, edx, words[12];

	if (!__get_cpuid(0, &eax, &ebx, &ecx, &edx))
		return;
	memcpy(processor->vendor, &ebx, 4);
	memcpy(processor->vendor + 4, &edx, 4);
	memcpy(processor->vendor + 8, &ecx, 4);
	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx))
		return;
	processor->family = eax >> 8 & 15;
	processor->model = eax >> 4 & 15;
	if (processor->family == 15)
		processor->family += eax >> 20 & 255;
	if (processor->family >= 6)
		processor->model += (eax >> 16 & 15) << 4;
	for (unsigned i = 0; i < 3; i++) {
		if (!__get_cpuid(0x80000002 + i, &eax, &ebx, &ecx, &edx))
			return;
		words[4 * i] = eax;
		words[4 * i + 1] = ebx;
		words[4 * i + 2] = ecx;
		words[4 * i + 3] = edx;
	}
	memcpy(processor->name, words, sizeof(words));
}
#endif

void hms_reader_processor(const struct hms_builder *b, bool apart,
	struct hms_processor *processor)
{
	memset(processor, 0, sizeof(*processor));
#if defined(__x86_64__) || defined(__i386__)
	if (!hms_builder_root(b)[0]) {
		hms_sysfs_mention(HMS_SYSFS_FILE, CPUINFO);
		if (apart)
			ask(processor);
		return;
	}
#endif
	(void)apart;
	read_cpuinfo(b, processor);
}
