/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fakes/fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct fake_device devices[FAKE_DEVICES];
static unsigned count;
static bool done;

static void set(struct fake_device *device, const char *key, const char *value)
{
	unsigned long long number = strtoull(value, NULL, 0);

	if (!strcmp(key, "pci"))
		snprintf(device->pci, sizeof(device->pci), "%s", value);
	else if (!strcmp(key, "type"))
		snprintf(device->type, sizeof(device->type), "%s", value);
	else if (!strcmp(key, "memory"))
		device->memory = number;
	else if (!strcmp(key, "peers"))
		device->peers = number;
	else if (!strcmp(key, "near"))
		device->near = number;
	else if (!strcmp(key, "clock"))
		device->clock = (int)number;
	else if (!strcmp(key, "width"))
		device->width = (int)number;
	else if (!strcmp(key, "integrated"))
		device->integrated = (int)number;
	else if (!strcmp(key, "tables"))
		device->tables = (int)number;
	else if (!strcmp(key, "direct"))
		device->direct = (int)number;
	else if (!strcmp(key, "hidden"))
		device->hidden = (int)number;
	else if (!strcmp(key, "apart"))
		device->apart = (int)number;
	else if (!strcmp(key, "pools"))
		device->pools = (int)number;
	else if (!strcmp(key, "node"))
		device->node = atoi(value);
}

static void add_device(char *text)
{
	struct fake_device *device = &devices[count];
	char *name = strstr(text, "name="), *word, *save = NULL;

	if (count == FAKE_DEVICES)
		return;
	count++;
	device->node = -1;
	if (name) {
		snprintf(device->name, sizeof(device->name), "%s", name + 5);
		*name = 0;
	}
	for (word = strtok_r(text, " ", &save); word;
		word = strtok_r(NULL, " ", &save)) {
		char *value = strchr(word, '=');

		if (value) {
			*value++ = 0;
			set(device, word, value);
		}
	}
}

/* Calls fn with what follows "RUNTIME WORD " in each line that has it. */
static void each_line(const char *runtime, const char *word,
	void (*fn)(char *rest, void *arg), void *arg)
{
	const char *path = getenv("HMS_FAKES");
	FILE *file = path ? fopen(path, "r") : NULL;
	char line[512], start[128];
	size_t len;

	if (!file)
		return;
	len = (size_t)snprintf(start, sizeof(start), "%s %s ", runtime, word);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, start, len))
			fn(line + len, arg);
	}
	fclose(file);
}

static void add_one(char *rest, void *arg)
{
	(void)arg;
	add_device(rest);
}

unsigned fake_devices(const char *runtime, const struct fake_device **out)
{
	if (!done)
		each_line(runtime, "device", add_one, NULL);
	done = true;
	*out = devices;
	return count;
}

static void obey(char *what, void *arg)
{
	long *result = arg;

	if (!strcmp(what, "hang"))
		for (;;)
			pause();
	if (!strcmp(what, "crash"))
		abort();
	if (!strcmp(what, "exit"))
		exit(3);
	if (!strcmp(what, "print")) {
		puts("a vendor's library prints");
		fputs("on both of them\n", stderr);
		fflush(stdout);
		return;
	}
	*result = strtol(what, NULL, 0);
}

long fake_call(const char *runtime, const char *function)
{
	long result = 0;

	each_line(runtime, function, obey, &result);
	return result;
}

void fake_pci(const struct fake_device *device, unsigned out[4])
{
	if (sscanf(device->pci, "%x:%x:%x.%x", &out[0], &out[1], &out[2],
		    &out[3]) != 4)
		memset(out, 0, 4 * sizeof(*out));
}
