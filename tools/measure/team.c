/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads wait for a run on a condition, go through their part until the
 * clock says that all of them must be under way, and count from then on until
 * a common end: so each rate is one under everybody's load.  A chase is timed
 * by the CPU's time that it had: that another program had it meanwhile says
 * nothing about memory.  Bandwidth is by the clock, since threads that do not
 * run at the same time would add up to more than there is.
 */
#include "tools/measure/measure.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#define WARM_NS UINT64_C(5000000)
/* Between two looks at the clock, some 10 to 200 us. */
#define CHUNK_BYTES ((size_t)512 << 10)
#define CHUNK_STEPS 1024

struct worker {
	struct measure_team *team;
	pthread_t thread;
	int cpu;
	struct measure_part part;
	double rate;
	uint64_t ran, took; /* ns of the CPU, of the clock */
};

struct measure_team {
	pthread_mutex_t lock;
	pthread_cond_t begin, end;
	unsigned run; /* number of the run; the workers' last one lags */
	unsigned busy;
	bool quit;
	uint64_t from, until; /* CLOCK_MONOTONIC */
	uint64_t ran, took; /* ns of all counted parts so far */
	unsigned n;
	struct worker workers[];
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static uint64_t now(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* One chunk of a part from *at on, which moves; what it counts for. */
static double chunk(const struct measure_part *part, size_t *at, void **line)
{
	size_t half = part->bytes / 2 & ~(size_t)255;
	bool copies =
		part->job == MEASURE_COPY || part->job == MEASURE_COPY_STREAM;
	size_t end = copies ? half : part->bytes;
	size_t bytes = end - *at < CHUNK_BYTES ? end - *at : CHUNK_BYTES;
	unsigned char *here = part->base + *at;

	switch (part->job) {
	case MEASURE_CHASE:
		*line = measure_chase(*line, CHUNK_STEPS);
		return CHUNK_STEPS;
	case MEASURE_READ:
		measure_read(here, bytes);
		break;
	case MEASURE_WRITE:
		measure_write(here, bytes);
		break;
	case MEASURE_WRITE_STREAM:
		measure_write_stream(here, bytes);
		break;
	case MEASURE_COPY:
		measure_copy(here + half, here, bytes);
		break;
	case MEASURE_COPY_STREAM:
		measure_copy_stream(here + half, here, bytes);
		break;
	case MEASURE_REST:
		return 0;
	}
	*at = *at + bytes < end ? *at + bytes : 0;
	return (double)bytes;
}

static void work(const struct measure_team *team, struct worker *worker)
{
	const struct measure_part *part = &worker->part;
	uint64_t start = 0, ran = 0, time;
	void *line = part->base;
	size_t at = 0;
	double done = 0;

	worker->rate = 0;
	worker->ran = worker->took = 0;
	if (part->job == MEASURE_REST || part->bytes < 2 * MEASURE_LINE)
		return;
	while (!measure_stopped) {
		done += chunk(part, &at, &line);
		time = now();
		if (start && time >= team->until)
			break;
		if (start || time < team->from)
			continue;
		start = time;
		ran = clock_ns(CLOCK_THREAD_CPUTIME_ID);
		done = 0;
	}
	/* The next run of a chase goes on, not over the same. */
	if (part->job == MEASURE_CHASE)
		worker->part.base = line;
	if (measure_stopped)
		return;
	worker->ran = clock_ns(CLOCK_THREAD_CPUTIME_ID) - ran;
	worker->took = now() - start;
	worker->rate =
		done / (double)(part->job == MEASURE_CHASE ? worker->ran
							   : worker->took);
}

static void *run_worker(void *arg)
{
	struct worker *worker = arg;
	struct measure_team *team = worker->team;
	unsigned last = 0;

	pthread_mutex_lock(&team->lock);
	for (;;) {
		while (team->run == last && !team->quit)
			pthread_cond_wait(&team->begin, &team->lock);
		if (team->quit)
			break;
		last = team->run;
		pthread_mutex_unlock(&team->lock);
		work(team, worker);
		pthread_mutex_lock(&team->lock);
		if (!--team->busy)
			pthread_cond_signal(&team->end);
	}
	pthread_mutex_unlock(&team->lock);
	return NULL;
}

static int start(struct worker *worker)
{
	size_t size = CPU_ALLOC_SIZE((size_t)worker->cpu + 1);
	cpu_set_t *set = CPU_ALLOC((size_t)worker->cpu + 1);
	pthread_attr_t attr;
	int rc;

	if (!set)
		return ENOMEM;
	CPU_ZERO_S(size, set);
	CPU_SET_S((size_t)worker->cpu, size, set);
	pthread_attr_init(&attr);
	rc = pthread_attr_setaffinity_np(&attr, size, set);
	if (!rc)
		rc = pthread_create(&worker->thread, &attr, run_worker, worker);
	pthread_attr_destroy(&attr);
	CPU_FREE(set);
	return rc;
}

struct measure_team *measure_team_new(const int *cpus, unsigned n)
{
	struct measure_team *team =
		calloc(1, sizeof(*team) + n * sizeof(team->workers[0]));
	sigset_t all, old;
	int rc = 0;

	if (!team)
		return NULL;
	pthread_mutex_init(&team->lock, NULL);
	pthread_cond_init(&team->begin, NULL);
	pthread_cond_init(&team->end, NULL);
	/* Signals are for the main thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	for (; team->n < n && !rc; team->n += !rc) {
		struct worker *worker = &team->workers[team->n];

		worker->team = team;
		worker->cpu = cpus[team->n];
		rc = start(worker);
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc) {
		measure_team_free(team);
		errno = rc;
		return NULL;
	}
	return team;
}

void measure_team_free(struct measure_team *team)
{
	if (!team)
		return;
	pthread_mutex_lock(&team->lock);
	team->quit = true;
	pthread_cond_broadcast(&team->begin);
	pthread_mutex_unlock(&team->lock);
	for (unsigned i = 0; i < team->n; i++)
		pthread_join(team->workers[i].thread, NULL);
	pthread_cond_destroy(&team->begin);
	pthread_cond_destroy(&team->end);
	pthread_mutex_destroy(&team->lock);
	free(team);
}

unsigned measure_team_size(const struct measure_team *team)
{
	return team->n;
}

void measure_team_part(struct measure_team *team, unsigned worker,
	const struct measure_part *part)
{
	team->workers[worker].part = *part;
}

double measure_team_run(struct measure_team *team, uint64_t ns)
{
	double sum = 0;

	pthread_mutex_lock(&team->lock);
	team->from = now() + WARM_NS;
	team->until = team->from + ns;
	team->busy = team->n;
	team->run++;
	pthread_cond_broadcast(&team->begin);
	while (team->busy)
		pthread_cond_wait(&team->end, &team->lock);
	pthread_mutex_unlock(&team->lock);
	for (unsigned i = 0; i < team->n; i++) {
		const struct worker *worker = &team->workers[i];

		if (!worker->part.counted)
			continue;
		sum += worker->rate;
		team->ran += worker->ran;
		team->took += worker->took;
	}
	return sum;
}

double measure_team_disturbed(const struct measure_team *team)
{
	return team->took > team->ran
		       ? 1 - (double)team->ran / (double)team->took
		       : 0;
}
