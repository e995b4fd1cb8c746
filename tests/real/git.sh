#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# git: many processes, maps of pack files, threads in gc.
. "${top_srcdir:?}/tests/real/real.sh"
need git git || finish

cp -r "$top_srcdir/base" "$top_srcdir/config" "$top_srcdir/tests" "$here/"
chmod -R u+w "$here"
export HOME=$here GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org
export GIT_COMMITTER_NAME=C GIT_COMMITTER_EMAIL=c@example.org
export GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000'

same "git init, commit, branch, merge, rebase" '
	git init -q -b main r; cd r; cp -r $here/base $here/config .; git add .; git commit -qm first
	for i in $(seq 15); do echo line $i >>base/text.c; git commit -qam "change $i"; done
	git checkout -qb side HEAD~10; echo x >side; git add side; git commit -qm side
	git merge -q -m merged main; git checkout -qb other main~5; echo y >other; git add other; git commit -qm other
	git rebase -q main; git log --graph --format="%H %s" --all; git diff --stat main~10 main; git blame base/text.c | tail -n 5
	git grep -c static; git status --short; git rev-parse main side other'
same "git gc, repack, clone, fsck, bundle, archive" '
	git init -q -b main r; cd r; cp -r $here/tests .; git add .; git commit -qm first
	for i in $(seq 30); do for f in $(find tests -name "*.c" | head -n 9); do echo "/* $i */" >>$f; done; git commit -qam "change $i"; done
	git gc -q --aggressive --prune=now; git fsck --full --strict 2>&1; git repack -adfq --threads=2; git count-objects -v | grep -v size
	git clone -q . ../c; git clone -q --no-local . ../d; cd ../d; git fsck 2>&1; git log --format=%H | sha256sum
	git archive HEAD | sha256sum; git bundle create -q ../b HEAD; git clone -q ../b ../e; git -C ../e rev-parse HEAD
	git stash list; echo z >>$(find . -name "*.c" | sort | head -n 1); git stash -q; git stash pop -q; git diff --numstat'
finish
