/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/account.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "base/guard.h"
#include "base/sys.h"
#include "engine/site/walk.h"
#include "report/sites_fill.h"
#include "report/sites_file.h"
#include "report/status.h"

#define INDEX_BITS 17 /* twice as many places as there can be rows */
#define INDEX (1u << INDEX_BITS)

#define EXACT_PERIOD (UINT64_C(512) << 10) /* bytes between lifetimes */

enum hms_sites_mode hms_accounting;
uint64_t hms_account_period;
struct hms_sites *hms_sites;

/* glibc 2.32 and later: true until a second thread was started. */
extern char __libc_single_threaded __attribute__((weak));

/* What goes on in a forked child, of each row. */
struct counters {
	uint64_t samples, calls, bytes, freed_calls, freed_bytes;
};

/* Behind the lock. */
static struct {
	pthread_mutex_t lock;
	unsigned most; /* rows there can be */
	bool tried; /* to make them: none if hms_sites is NULL */
	/* In a forked child: its parent's, and what counters were then. */
	struct hms_sites *inherited;
	unsigned inherited_most; /* rows it has addresses for */
	struct counters *copy;
	unsigned ncopy, copy_room;
} table = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Row numbers by ID, 0: free; read without the lock. */
static uint16_t numbers[INDEX];

static uint64_t load(const uint64_t *from)
{
	return __atomic_load_n(from, __ATOMIC_RELAXED);
}

static bool alone(void)
{
	return &__libc_single_threaded && __libc_single_threaded;
}

static uint64_t add(uint64_t *to, uint64_t n)
{
	if (alone())
		return *to += n;
	return __atomic_add_fetch(to, n, __ATOMIC_RELAXED);
}

static void raise_peak(uint64_t *peak, uint64_t now)
{
	uint64_t was = load(peak);

	while (now > was && !__atomic_compare_exchange_n(peak, &was, now, true,
				    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

void hms_account_setup(uint64_t period)
{
	hms_accounting = period > 1 ? HMS_SITES_SAMPLED
			 : period   ? HMS_SITES_EXACT
				    : HMS_SITES_OFF;
	hms_account_period = period > 1 ? period : EXACT_PERIOD;
}

/* A child's rows: what they are is its parent's, what they counted the copy. */
static void take_over(struct hms_sites *fresh)
{
	const struct hms_sites *from = table.inherited;
	unsigned n = 0;

	memcpy(fresh->modules, from->modules,
		from->nmodules * sizeof(from->modules[0]));
	fresh->nmodules = from->nmodules;
	fresh->lost = from->lost;
	for (; n < table.ncopy && hms_sites_file_has(n); n++) {
		const struct counters *c = &table.copy[n];
		struct hms_sites_row *row = &fresh->rows[n];

		*row = from->rows[n];
		row->samples = c->samples;
		row->calls = c->calls;
		row->bytes = c->bytes;
		row->freed_calls = c->freed_calls;
		row->freed_bytes = c->freed_bytes;
		row->minor_faults = row->major_faults = 0;
	}
	fresh->nsites = n;
}

static void publish(struct hms_sites *sites)
{
	sites->magic = HMS_SITES_MAGIC;
	sites->mode = hms_accounting;
	sites->period =
		hms_accounting == HMS_SITES_EXACT ? 1 : hms_account_period;
	if (table.inherited) {
		take_over(sites);
		hms_sys_munmap(table.inherited,
			sizeof(*sites) +
				table.inherited_most * sizeof(sites->rows[0]));
		table.inherited = NULL;
	}
	if (!sites->nsites)
		sites->nsites = 1;
	sites->size = sizeof(*sites) + sites->nsites * sizeof(sites->rows[0]);
	__atomic_store_n(&hms_sites, sites, __ATOMIC_RELEASE);
}

/* NULL: there is no memory for them, and never will be. */
static struct hms_sites *sites_now(void)
{
	struct hms_sites *sites = __atomic_load_n(&hms_sites, __ATOMIC_ACQUIRE);

	if (__builtin_expect(sites != NULL, 1))
		return sites;
	pthread_mutex_lock(&table.lock);
	if (!table.tried) {
		table.tried = true;
		sites = hms_sites_file_make(&table.most);
		if (sites)
			publish(sites);
	}
	sites = hms_sites;
	pthread_mutex_unlock(&table.lock);
	return sites;
}

static struct hms_sites_row *row_of(unsigned site)
{
	struct hms_sites *sites = sites_now();

	return sites && site < sites->nsites ? &sites->rows[site] : NULL;
}

/*
 * For calls that nothing keeps a signal handler from making: one in the middle
 * of sites_now() would wait for itself.
 */
static struct hms_sites_row *row_of_freed(unsigned site)
{
	struct hms_sites_row *row;

	if (!__atomic_load_n(&hms_sites, __ATOMIC_RELAXED) && hms_guarded())
		return NULL;
	hms_guard_enter();
	if (!__atomic_load_n(&hms_sites, __ATOMIC_RELAXED))
		hms_status_settle();
	row = row_of(site);
	hms_guard_leave();
	return row;
}

static unsigned place_of(uint64_t id)
{
	return (unsigned)(id * UINT64_C(0x9e3779b97f4a7c15) >>
			  (64 - INDEX_BITS));
}

/* 0: not there; *place: where it would be. */
static unsigned look_up(
	const struct hms_sites *sites, uint64_t id, unsigned *place)
{
	unsigned n;

	for (*place = place_of(id);; *place = (*place + 1) % INDEX) {
		n = __atomic_load_n(&numbers[*place], __ATOMIC_ACQUIRE);
		if (!n || (n < sites->nsites && sites->rows[n].id == id))
			return n;
	}
}

/* Under the lock.  0: there is no room. */
static unsigned append(struct hms_sites *sites, uint64_t id, uint32_t hint,
	const struct hms_frames *from)
{
	unsigned place, n = look_up(sites, id, &place);
	struct hms_sites_row *row;

	if (n)
		return n;
	n = sites->nsites;
	if (!hms_sites_file_has(n))
		return 0;
	row = &sites->rows[n];
	row->id = id;
	row->hint = hint;
	hms_sites_fill(sites, row, from);
	sites->size += sizeof(*row);
	__atomic_store_n(&sites->nsites, n + 1, __ATOMIC_RELEASE);
	__atomic_store_n(&numbers[place], (uint16_t)n, __ATOMIC_RELEASE);
	return n;
}

/* A site that is new. */
static __attribute__((noinline)) unsigned add_site(
	struct hms_sites *sites, const void *caller, uint64_t id, uint32_t hint)
{
	struct hms_frames found;
	unsigned n = 0;

	/* Full: nothing that takes long, since it would be done each time. */
	if (__atomic_load_n(&sites->nsites, __ATOMIC_RELAXED) < table.most) {
		hms_sites_frames(caller, &found);
		pthread_mutex_lock(&table.lock);
		n = append(sites, id, hint, &found);
		pthread_mutex_unlock(&table.lock);
	}
	if (!n)
		add(&sites->lost, 1);
	return n;
}

static void set_rule(struct hms_sites_row *row, int rule)
{
	uint16_t now = (uint16_t)(rule + 1);

	if (__atomic_load_n(&row->rule, __ATOMIC_RELAXED) != now)
		__atomic_store_n(&row->rule, now, __ATOMIC_RELAXED);
}

void hms_account_by(unsigned site, int rule)
{
	struct hms_sites_row *row = row_of(site);

	if (row)
		set_rule(row, rule);
}

unsigned hms_account_row(
	const void *caller, uint64_t id, uint32_t hint, int rule)
{
	struct hms_sites *sites = sites_now();
	unsigned n, place;

	if (!sites)
		return 0;
	n = look_up(sites, id, &place);
	if (!n)
		n = add_site(sites, caller, id, hint);
	set_rule(&sites->rows[n], rule);
	return n;
}

unsigned hms_account_site(
	const void *caller, const struct hms_registers *at, int rule)
{
	struct hms_stack stack;

	if (!hms_walk_from(caller, at, false, &stack) || !stack.depth)
		return 0;
	return hms_account_row(caller, stack.site, stack.hint, rule);
}

void hms_account_add(unsigned site, uint64_t calls, uint64_t bytes)
{
	struct hms_sites_row *row = row_of(site);
	uint64_t now, freed;

	if (!row)
		return;
	add(&row->calls, calls);
	now = add(&row->bytes, bytes);
	freed = load(&row->freed_bytes);
	/* Others may have added and freed more in between. */
	if (now > freed)
		raise_peak(&row->live_peak, now - freed);
}

void hms_account_sub(unsigned site, uint64_t calls, uint64_t bytes)
{
	struct hms_sites_row *row = row_of_freed(site);

	if (!row)
		return;
	add(&row->freed_calls, calls);
	add(&row->freed_bytes, bytes);
}

void hms_account_sample(unsigned site)
{
	struct hms_sites_row *row = row_of(site);

	if (row)
		add(&row->samples, 1);
}

void hms_account_life(unsigned site, uint64_t calls, uint64_t ns)
{
	struct hms_sites_row *row = row_of_freed(site);
	uint64_t us = ns / 1000;
	unsigned i = us ? 64 - (unsigned)__builtin_clzll(us) : 0;

	if (row)
		add(&row->lives[i < HMS_SITES_LIVES ? i : HMS_SITES_LIVES - 1],
			calls);
}

void hms_account_faults(unsigned site, uint64_t faults, bool major)
{
	struct hms_sites_row *row = row_of(site);
	uint64_t minor;

	if (!row)
		return;
	/* One thread counts.  A major one came as one of all before. */
	minor = load(&row->minor_faults);
	if (!major) {
		minor += faults;
	} else {
		add(&row->major_faults, faults);
		minor -= minor < faults ? minor : faults;
	}
	__atomic_store_n(&row->minor_faults, minor, __ATOMIC_RELAXED);
}

void hms_account_lose(uint64_t calls)
{
	struct hms_sites *sites = sites_now();

	if (sites)
		add(&sites->lost, calls);
}

void hms_account_settle(void)
{
	if (table.inherited)
		sites_now();
}

/* Memory for so many counters; it stays, for the next fork. */
static bool have_copies(unsigned n)
{
	size_t bytes = (n + 1024) * sizeof(struct counters);
	void *p;

	if (n <= table.copy_room)
		return true;
	p = hms_sys_mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (hms_sys_failed(p))
		return false;
	if (table.copy)
		hms_sys_munmap(
			table.copy, table.copy_room * sizeof(struct counters));
	table.copy = p;
	table.copy_room = n + 1024;
	return true;
}

/*
 * Shared memory is not copied by fork, and the parent goes on counting in it.
 * Names and frames stay what they are, so the child can take them later.
 */
void hms_account_before_fork(void)
{
	const struct hms_sites *sites;
	unsigned n;

	if (!hms_accounting)
		return;
	pthread_mutex_lock(&table.lock);
	sites = table.inherited ? NULL : hms_sites;
	if (!sites || !have_copies(sites->nsites))
		return;
	for (n = 0; n < sites->nsites; n++) {
		const struct hms_sites_row *row = &sites->rows[n];

		table.copy[n] = (struct counters){ load(&row->samples),
			load(&row->calls), load(&row->bytes),
			load(&row->freed_calls), load(&row->freed_bytes) };
	}
	table.ncopy = n;
}

void hms_account_after_fork(bool child)
{
	if (!hms_accounting)
		return;
	if (!child) {
		pthread_mutex_unlock(&table.lock);
		return;
	}
	pthread_mutex_init(&table.lock, NULL);
	if (hms_sites) {
		table.inherited = hms_sites;
		table.inherited_most = table.most;
		hms_sites = NULL;
	}
	/* A child of a child that never counted has what that one inherited. */
	table.tried = false;
	hms_sites_file_forget();
}
