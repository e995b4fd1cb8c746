# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# What the lints look at: the sources that people write.  In a tree from a
# tarball there is no git, and what flex and bison make lies among them.

# files SUFFIX... : paths from the top
files() {
	local suffix
	cd "$top_srcdir" || exit 99
	for suffix in "$@"; do
		if git rev-parse --git-dir >/dev/null 2>&1; then
			git ls-files -co --exclude-standard "*$suffix"
		else
			find . -name "*$suffix" -type f \
				! -path './build*' ! -path './_*' ! -path './hms-*' \
				! -path './m4/*' -printf '%P\n'
		fi
	done | grep -vE '^config/rules_(scan|parse)\.|^build-config' | sort -u |
		while read -r path; do
			[ -f "$path" ] && echo "$path"
		done
}

# rows MACRO FILE : the arguments of each MACRO(...) row, one row per line
rows() {
	sed -E 's%^/?[ *].*%%' "$top_srcdir/$2" | tr '\n' ' ' |
		grep -oE "\b$1\([^)]*\)" |
		sed -E 's/^[A-Z_]+\(//; s/\)$//; s/[[:space:]]+/ /g'
}

# nothing NAME FOUND : passes if nothing was found
nothing() {
	is "$1" "$2" ""
}
