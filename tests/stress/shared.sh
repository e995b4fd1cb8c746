#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Processes under one shared limit: their sum, by the kernel, is never beyond
# it, whenever one is killed; and what the dead had is there for others.
# Would catch: a claim before it is known to fit, or given back before its
# memory is; rows of the dead, of before exec and of children that stay, or go
# too early.  HMS_TEST_ROUNDS looks so often.
. "${top_srcdir:?}/tests/lib.sh"
limited=$top_builddir/tests/stress/shared_limit
export XDG_RUNTIME_DIR=$scratch LIMITED_PRELOAD=$HMS_PRELOAD
most=$((64 << 20))

if [ ! -r /proc/self/numa_maps ]; then
	skip "shared limits" "this kernel has no NUMA"
	finish
fi
export HMS_POLICY="target fast = node:0; limit fast 64M shared
	mmap, size >= 64K -> fast then default
	mremap -> fast then default"

# Rows of processes that forked stay for a second, and children may be at
# their end still.
free_again() {
	local got

	for _ in $(seq 200); do
		got=$(hms "$limited" fill)
		[ "$got" -eq $most ] && break
	done
	is "$1" "$got" $most
}

is "one process gets all of it" "$(hms "$limited" fill)" $most
is "what it had is free again" "$(hms "$limited" fill)" $most
is "another holds 40 MiB" "$(hms "$limited" hold 40 "$limited" fill)" \
	$((24 << 20))
free_again "what that one had is free"
is "the limit of another name is another one" "$(
	HMS_POLICY=${HMS_POLICY//fast/quick}
	hms "$limited" hold 40 /usr/bin/env HMS_POLICY="${HMS_POLICY//quick/fast}" \
		"$limited" fill
)" $most
is "not shared: one each" "$(
	HMS_POLICY=${HMS_POLICY/ shared/}
	hms "$limited" hold 40 "$limited" fill
)" $most
is "what was there before exec is free" \
	"$(hms "$limited" exec 40 /usr/bin/env LD_PRELOAD="$HMS_PRELOAD" \
		"$limited" fill)" $most
# A program without HMS, after exec, and one with it beside it.
is "so it is if that program has no HMS" "$(
	hms "$limited" exec 40 /bin/sh -c \
		"LD_PRELOAD=$HMS_PRELOAD $limited fill; true"
)" $most

free_again "what programs without HMS held is free"
# 24 MiB fit beside the parent's 40, in whole mappings; its own copies of the
# rest are the system's matter.
is "fork: a child that fits in has as much" \
	"$(hms "$limited" fork 30 "$limited" fill)" \
	"child $((30 << 20))
parent $((30 << 20))
$((4 << 20))"
free_again "fork: what both had is free"
is "fork: one that does not is let go, the parent's stay charged" \
	"$(hms "$limited" fork 40 "$limited" fill)" \
	"child 0
parent $((40 << 20))
$((24 << 20))"

free_again "fork: what the parent had is free"

rounds=${HMS_TEST_ROUNDS:-60}
read -r peak killed <<<"$(LD_PRELOAD='' "$limited" race 3 "$rounds" 2>&1)"
note "$rounds rounds, $killed killed, at most $peak bytes of $most"
ok "racing and killed: never beyond the limit" test "$peak" -le $most
ok "the limit was used" test "$peak" -ge $((most / 4 * 3))
ok "some were killed" test "$killed" -gt 0
free_again "what the killed had is free"

# Namespaces of its own; the test's mounts are gone with them.
apart() { # ARGUMENT OF unshare... -- SCRIPT
	LD_PRELOAD='' unshare "$@" 2>"$scratch/apart.err" </dev/null
}
export limited scratch
if ! apart -m -p -f true; then
	skip "namespaces, full and odd file systems, set-user-id programs" \
		"not permitted ($(head -n 1 "$scratch/apart.err"))"
else
	for proc in '' --mount-proc; do
		is "another PID namespace ${proc:-with the old /proc}" "$(
			hms "$limited" hold 40 /usr/bin/env LD_PRELOAD='' \
				unshare -m -p -f $proc /usr/bin/env \
				LD_PRELOAD="$HMS_PRELOAD" "$limited" fill
		)" $((24 << 20))
		free_again "what both had is free ${proc:+again}"
	done
	is "a dead one of another PID namespace, seen from a third one" "$(
		apart -m -p -f --mount-proc /usr/bin/env \
			LD_PRELOAD="$HMS_PRELOAD" "$limited" exec 40 /bin/true
		apart -m -p -f --mount-proc /usr/bin/env \
			LD_PRELOAD="$HMS_PRELOAD" "$limited" fill
	)" $most

	# Half a table: reserved, or it would be a SIGBUS.
	is "a full tmpfs: per process, and said once" "$(
		export -n HMS_TOOL HMS_PRELOAD
		# shellcheck disable=SC2016
		apart -m sh -c 'mkdir "$scratch/small"
			mount -t tmpfs -o size=32k none "$scratch/small" &&
			XDG_RUNTIME_DIR=$scratch/small HMS_LOG=warn \
			LD_PRELOAD=$1 "$limited" hold 40 "$limited" fill 2>&1 |
			sort -u' - "$HMS_PRELOAD"
	)" "$most
hms: limit fast cannot be shared (errno 28): it is this process's own"
	# shellcheck disable=SC2016
	is "one that fills up when the table is there" "$(
		apart -m sh -c 'mkdir -p "$scratch/small"
			mount -t tmpfs -o size=96k none "$scratch/small" &&
			export XDG_RUNTIME_DIR=$scratch/small &&
			LD_PRELOAD=$1 "$limited" fill
			cat /dev/zero >"$scratch/small/rest"
			LD_PRELOAD=$1 "$limited" hold 40 "$limited" fill' - \
			"$HMS_PRELOAD"
	)" "$most
$((24 << 20))"
	# overlayfs, as /tmp of a container: a mapping keeps no lock there.
	# shellcheck disable=SC2016
	is "locks are not kept in /tmp: the next folder" "$(
		apart -m sh -c 'unset XDG_RUNTIME_DIR
			mount -t tmpfs none /run && mount -t tmpfs none /dev/shm &&
			mount -t tmpfs none /mnt && mkdir /mnt/up /mnt/work &&
			mount -t overlay -o lowerdir=/tmp,upperdir=/mnt/up,workdir=/mnt/work none /tmp &&
			LD_PRELOAD=$1 "$limited" hold 40 "$limited" fill
			ls /dev/shm/hms-*/limit-* | wc -l' - "$HMS_PRELOAD"
	)" "$((24 << 20))
1"
	# Its policy is the system's, its folder the one of whom it runs as.
	config=$(sed -n 's/^sysconfdir = //p' "$top_builddir/Makefile")
	config=${config/\$\{prefix\}/$(sed -n 's/^prefix = //p' \
		"$top_builddir/Makefile")}
	export config
	# shellcheck disable=SC2016
	is "set-user-id programs share theirs" "$(
		apart -m sh -c 'policy=$HMS_POLICY; unset HMS_POLICY
			mount -t tmpfs none /run && mount -t tmpfs none /mnt &&
			chmod 755 /mnt && mkdir -p -m 755 /run/user/0 /mnt/up /mnt/work /mnt/lib &&
			cp "$limited" /mnt/suid && chmod 4755 /mnt/suid &&
			cp "$1" /mnt/lib/hms.so && chmod 755 /mnt/lib/hms.so &&
			mount -t overlay -o lowerdir=/etc,upperdir=/mnt/up,workdir=/mnt/work none /etc &&
			{ [ "$config" = /etc ] || mount -t tmpfs none "$config"; } &&
			mkdir -p -m 755 "$config/hms" && echo "$policy" >"$config/hms/suid.hms" &&
			chmod 755 "$config" && chmod 644 "$config/hms/suid.hms" &&
			echo /mnt/lib/hms.so >/etc/ld.so.preload
			HMS_POLICY="target fast = node:0; limit fast 1M; mmap -> fast" \
			XDG_RUNTIME_DIR=/tmp setpriv --reuid=65534 --regid=65534 \
				--clear-groups /mnt/suid hold 40 /mnt/suid fill
			rm /etc/ld.so.preload
			ls /run/user/0/hms/limit-* | wc -l' - "$HMS_PRELOAD"
	)" "$((24 << 20))
1"
fi

is "no descriptor is left open" "$(
	hms /bin/ls -l /proc/self/fd | grep -c limit-
)" 0
# Somebody else's file of that name.
for file in "$scratch"/hms/limit-*; do
	echo text >"$file"
done
is "a file that cannot be used: per process, and said once" "$(
	export -n HMS_TOOL HMS_PRELOAD # which HMS would warn of
	HMS_LOG=warn hms "$limited" hold 40 "$limited" fill 2>&1 | sort -u
)" "$most
hms: limit fast cannot be shared (errno 22): it is this process's own"
finish
