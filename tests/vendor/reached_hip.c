/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A HIP program that takes memory of malloc and mmap, and asks the run-time
 * whether it knows it.  Its own prototypes, as in HIP 6.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int hipMalloc(void **out, size_t bytes);
int hipFree(void *memory);
int hipMemGetAddressRange(void **base, size_t *bytes, void *memory);
int hipHostRegister(void *memory, size_t bytes, unsigned flags);

#define SIZE ((size_t)4 << 20)

static void say(const char *what, char *p)
{
	void *base = NULL;
	size_t bytes = 0;
	int good = 1;

	for (size_t i = 0; i < SIZE; i += 512)
		good = good && p[i] == (char)(i / 512);
	printf("%s: %s, %s\n", what, good ? "right" : "WRONG",
		hipMemGetAddressRange(&base, &bytes, p) ? "the system's"
							: "HIP's");
}

static char *fill(char *p)
{
	for (size_t i = 0; i < SIZE; i += 512)
		p[i] = (char)(i / 512);
	return p;
}

static char *map(void)
{
	return fill(mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

/* What gives HMS the occasion to free, too. */
static void turn(void)
{
	void *device;

	hipMalloc(&device, 4096);
	hipFree(device);
}

int main(void)
{
	char *p;
	int status;

	say("before", fill(malloc(SIZE)));
	turn();
	say("unproven", fill(malloc(SIZE)));
	turn();
	p = fill(malloc(SIZE));
	say("malloc", p);
	fflush(stdout);
	if (!fork()) {
		memset(p, 0, SIZE);
		_exit(0);
	}
	wait(&status);
	say("fork", p);
	free(p);
	p = map();
	say("map", p);
	mprotect(p, 4096, PROT_READ);
	turn();
	say("protected", p);
	munmap(p, SIZE);
	p = map();
	say("again", p);
	printf("register: %d\n", hipHostRegister(p, SIZE, 0));
	return 0;
}
