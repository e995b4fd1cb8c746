# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Part of place.sh: the shares of a heap whose place is woven of two memories,
# from its first MiB on.  Catches stripes too coarse for a young heap, shares
# that drift when blocks come and go, and rules whose windows take a share
# each from where the other one stopped.
weaving=$top_builddir/tests/vm/weave

# usage: woven WAY KIND...: 3:1 each
woven() {
	local kind

	under "$weave" "$weaving" "$1"
	shift
	for kind; do
		near "$kind" node1 75 "$name, $kind: three quarters"
		near "$kind" node2 25 "$name, $kind: the last quarter"
	done
}

weave='heap -> interleave(node:1*3, node:2*1)'
none='heap, size >= 900T -> node:0'
for name in 'a private heap' 'an arena among others'; do
	woven grow grow-2 grow-4 grow-8 grow-16 grow-48
	woven reuse reuse-0 reuse-1 reuse-2 reuse-3
	woven large large-1 large-5 large-6
	woven threads threads
	# Rules that nothing hits take the private heaps.
	weave="$none; $none; $none; $weave"
done

name='seven rules, one place'
weave='target both = interleave(node:1*3, node:2*1)
	heap, size <= 32 -> both; heap, size <= 64 -> both
	heap, size <= 128 -> both; heap, size <= 512 -> both
	heap, size <= 2048 -> both; heap, size <= 16384 -> both; heap -> both'
woven bands band-32 band-64 band-128 band-512 band-2048 band-16384 band-65536
