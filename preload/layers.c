/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OpenCL's loader takes this library in as a layer if OPENCL_LAYERS names it;
 * it looks at that variable when it is first used.  So our own path is added
 * for this process, behind what the user has set.  Only where rules name calls
 * of OpenCL: elsewhere the environment stays as it is.
 *
 * Strings and vector are ours, never changed once they are there: setenv(3)
 * would allocate, and the loader may be walking along a string.
 * Source: extension specification cl_loader_layers; ocl-icd 2.3.1.
 */
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/maps.h"
#include "preload/preload.h"
#include "shims/start.h"

#define VARIABLE "OPENCL_LAYERS="

/* Where we are in the environment, and what stood there before. */
static char *ours, *before;

static char **find(const char *variable)
{
	char **at = environ;

	while (at && *at && strncmp(*at, variable, strlen(variable)))
		at++;
	return at && *at ? at : NULL;
}

/*
 * Where this library is.  The user said so, as a rule; else the kernel is
 * asked, which takes longer.  0 or -errno.
 */
static int find_path(char *out, size_t size)
{
	static const char name[] = "/libhms_preload", preload[] = "LD_PRELOAD=";
	char **at = find(preload);
	const char *list = at ? *at + strlen(preload) : "";

	while (*list) {
		const char *slash;
		size_t n = strcspn(list, ": ");

		slash = memrchr(list, '/', n);
		if (*list == '/' && slash && n < size &&
			!strncmp(slash, name, strlen(name))) {
			memcpy(out, list, n);
			out[n] = 0;
			return 0;
		}
		list += n + (list[n] != 0);
	}
	return hms_mapping_path((uintptr_t)find_path, out, size);
}

/* Is path one of the list's, the user's or an ancestor's doing? */
static bool listed(const char *list, const char *path)
{
	const size_t len = strlen(path);

	while (*list) {
		size_t n = strcspn(list, ":");

		if (n == len && !strncmp(list, path, len))
			return true;
		list += n + (list[n] == ':');
	}
	return false;
}

static char *join(const char *list, const char *path)
{
	const size_t variable = strlen(VARIABLE), has = strlen(list);
	char *joined = hms_arena_alloc(
		&hms_process.arena, variable + has + strlen(path) + 2);

	if (!joined)
		return NULL;
	memcpy(joined, VARIABLE, variable);
	memcpy(joined + variable, list, has);
	if (has)
		joined[variable + has] = ':';
	strcpy(joined + variable + has + (has != 0), path);
	return joined;
}

static bool append(char *string)
{
	size_t n = 0;
	char **vector;

	while (environ[n])
		n++;
	vector = hms_arena_alloc(&hms_process.arena, (n + 2) * sizeof(*vector));
	if (!vector)
		return false;
	memcpy(vector, environ, n * sizeof(*vector));
	vector[n] = string;
	environ = vector;
	return true;
}

void hms_layers_offer(void)
{
	char path[PATH_MAX], **at = find(VARIABLE);
	int rc;

	if (!hms_process.options.trusted ||
		!hms_family_ruled(HMS_FAMILY_OPENCL))
		return;
	/* Set before, and lost in a setenv(3) that was under way. */
	if (ours && at && *at == ours)
		return;
	rc = find_path(path, sizeof(path));
	if (rc || strchr(path, ':')) {
		hms_log_once(HMS_LOG_ERROR,
			"OpenCL's loader cannot be told where this library is: %s",
			rc ? strerrordesc_np(-rc) : "its path has a colon");
		return;
	}
	before = at ? *at : NULL;
	if (before && listed(before + strlen(VARIABLE), path))
		return;
	ours = join(before ? before + strlen(VARIABLE) : "", path);
	if (!ours)
		return;
	if (at)
		*at = ours;
	else if (!append(ours))
		ours = NULL;
}

void hms_layer_loaded(void)
{
	char **at = find(VARIABLE);

	if (!hms_process.options.drop || !at || *at != ours)
		return;
	if (before) {
		*at = before;
		return;
	}
	do
		at[0] = at[1];
	while (*at++);
}
