# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Part of need-place.sh: measuring runs here and is stored and believed.  What
# an emulated processor measures means nothing.  Catches results that are not
# found again, and an override that does not win.
ok 'measuring one memory' "$HMS_TOOL" measure --quick --target node:2
listed
is 'the list shows what was measured' "$(ways cpu:0 | awk '/node/ {
	print $1, $4 }')" 'node:0 firmware
node:1 firmware
node:2 measured'
export XDG_CONFIG_HOME=$scratch/config
mkdir -p "$XDG_CONFIG_HOME/hms"
echo 'link cpu:0-node:2 latency=5ns bandwidth=999GB/s' \
	>"$XDG_CONFIG_HOME/hms/hms.conf"
listed
is 'hms.conf has the last word' "$(ways cpu:0 | grep node:2)" \
	'node:2 5 999000 user'
goes 'best bandwidth for cpu' 2
goes 'best latency for cpu' 2
