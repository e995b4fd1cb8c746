/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program of threads that look functions up and use them; built with
 * sanitizers, whose own run-times live on dlsym(3).
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static size_t sum;

static void *work(void *arg)
{
	for (int i = 0; i < 200; i++) {
		size_t (*length)(const char *) =
			(size_t(*)(const char *))dlsym(RTLD_DEFAULT, "strlen");
		void *none = dlsym(
			RTLD_DEFAULT, i % 2 ? "cuMemAlloc_v2" : "hipMalloc");
		void *next = dlsym(RTLD_NEXT, "malloc");
		char *text = strdup("twelve bytes");

		pthread_mutex_lock(&lock);
		if (length && next && !none)
			sum += length(text);
		pthread_mutex_unlock(&lock);
		free(text);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, work, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	printf("%zu\n", sum);
	return 0;
}
