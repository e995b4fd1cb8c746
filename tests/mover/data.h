/* SPDX-License-Identifier: BSD-2-Clause */
/* The threads of data.c, beside those that only write memory. */
#ifndef HMS_TESTS_MOVER_DATA_H
#define HMS_TESTS_MOVER_DATA_H

#include <stddef.h>
#include <stdint.h>

#define BLOCK ((size_t)2 << 20)
#define BLOCKS 8
#define PAGE ((size_t)4096)
/* Each page of the arena is one thread's; by page modulo SHARES. */
#define SHARES 8

enum share {
	SHARE_WRITER, /* and the next one: two of them */
	SHARE_WRITER2,
	SHARE_PIPE, /* read(2), write(2) */
	SHARE_DIRECT, /* O_DIRECT */
	SHARE_STILL, /* never changes after it was filled */
	SHARE_EMPTY, /* never touched: reads as zero */
	SHARE_THIN, /* half written, half never touched */
	SHARE_FORK, /* what children write to */
};

extern char *arena; /* of this round */
extern int over; /* atomic: the round ends */

uint64_t draw(uint64_t *state, uint64_t below);
/* The word that belongs at an address, of a round. */
uint64_t word_for(const void *at, uint64_t salt);
void fill(void *at, size_t len, uint64_t salt);
/* Ends the program if it is not what was filled in. */
void check(const char *who, const void *at, size_t len, uint64_t salt);
char *page_of_share(unsigned block, unsigned n, enum share share);
int ended(void);
void count(const char *who, uint64_t n);

void *pipe_thread(void *arg);
void *direct_thread(void *arg);
void *churn_thread(void *arg);
void *fork_thread(void *arg);

/* The memory that churn_thread() has mapped now, for the mover; or NULL. */
extern char *churned;

#endif
