#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Shells and the small tools: many forks, many short processes.
. "${top_srcdir:?}/tests/real/real.sh"

seq 1 20000 | sed 's/.*/& a line with some words &/' >"$here/lines"
cp -r "$top_srcdir/base" "$top_srcdir/config" "$here/"
chmod -R u+w "$here"

same "bash: arrays, functions, substitutions" '
	declare -A count
	f() { local i; for ((i = 0; i < 3000; i++)); do count[$((i * 7 % 101))]+=x; done; }
	f; for k in $(printf "%s\n" "${!count[@]}" | sort -n); do echo $k ${#count[$k]}; done
	s=; for i in {1..2000}; do s+=$i,; done; echo ${#s} ${s//1/one} | md5sum
	mapfile -t a <'"$here"'/lines; echo ${#a[@]} "${a[19999]}"
	trap "echo leaving" EXIT; (exit 5); echo $?'
same "bash: many forks" '
	for i in $(seq 150); do x=$(echo $i | cat | sed s/1/2/); echo "$x"; done
	for i in 1 2 3 4; do (for j in $(seq 20); do echo $(echo $j) >/dev/null; done) & done; wait; echo $?'
same "bash: here document, coprocess, read" '
	coproc tr a-z A-Z; echo hello >&${COPROC[1]}; eval "exec ${COPROC[1]}>&-"
	cat <&${COPROC[0]}; while read -r a b; do echo "$b $a"; done <<< "one two"'
if need dash dash; then
	same "dash" 'exec dash -c "i=0; while [ \$i -lt 300 ]; do x=\$(echo \$i); i=\$((i+1)); done; echo \$x"'
fi
same "ls, du, stat, cp, mv, rm" '
	cp -a $here/config copy; ls -l --time-style=+ -R copy | md5sum; du -ab copy | sort
	mv copy moved; stat -c "%s %n" moved/*; rm -r moved; ls -A'
same "sort, uniq, comm, join, shuf" '
	sort -R --random-source=$here/lines $here/lines | md5sum
	sort --parallel=4 -S 1M -k5n -r $here/lines | md5sum; sort -u -k2,3 $here/lines
	seq 3000 | sort >a; seq 0 7 3000 | sort >b; comm -12 a b | md5sum; join a b | wc -l
	shuf --random-source=$here/lines -n 5 $here/lines'
same "sha256sum, md5sum, b2sum, cksum, base64, od" '
	cd $here; sha256sum lines config/*; md5sum lines; b2sum lines; cksum lines
	base64 lines | base64 -d | cmp - lines; od -c lines | tail -n 3'
same "wc, cut, paste, tr, tac, split, csplit, factor, numfmt" '
	cd $here; wc lines; cut -d" " -f3- lines | tail -n 2; tac lines | head -n 2
	paste lines lines | tr a-z A-Z | md5sum; factor 1234567890123456789 600851475143
	cd $work; split -l 999 $here/lines part.; ls | wc -l; cat part.* | cmp - $here/lines
	numfmt --to=iec 123456789; expr 2 + 3; seq -f %05g 3; date -u -d @0'
same "grep, sed, awk" '
	cd $here; grep -c "9.*9" lines; grep -rhoE "[a-z_]+\(" config | sort | uniq -c | sort -rn | head
	sed -n "s/\([0-9]*\) a \(.*\)/\2 \1/;100,110p" lines
	awk "{ n[\$1 % 97] += NR; s = s \$1 } END { for (k in n) print k, n[k]; print length(s) }" lines | sort'
same "find, xargs" '
	cd $here; find . -type f -printf "%s %p\n" | sort
	find . -name "*.c" -print0 | xargs -0 -P 2 -n 1 wc -c | sort
	seq 500 | xargs -n 3 -P 3 sh -c "echo \$0 \$1 \$2" | sort -n | md5sum'
same "diff, patch" '
	cp -r $here/config a; cp -r a b; sed -i s/int/long/ b/*; diff -ru a b | grep -v "^[-+][-+]" | md5sum
	diff -ru a b >p; echo $?'
same "tar, gzip, xz, bzip2" '
	for z in "" -z -J -j; do
		tar -c $z -f t.tar --sort=name --mtime=@0 --owner=0 --group=0 -C $here base config lines || exit
		tar -tf t.tar | md5sum; mkdir x; tar -xf t.tar -C x; (cd x; find . -type f | sort | xargs sha256sum); rm -r x
	done; xz -T2 -9 <$here/lines | xz -d | cmp - $here/lines; gzip -9 <$here/lines | zcat | cmp - $here/lines'
expect=any
same "a command that fails" 'ls /nonexistent/folder; sort --no-such-option; cat <&-'
# Death by a signal leaves the shared page, not a report.
followed() { :; }
same "a shell that dies of a signal" 'kill -TERM $$; echo not reached'
finish
