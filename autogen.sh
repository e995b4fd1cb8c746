#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Makes ./configure.  Needed only in a git checkout, not in a release.
set -e
cd "$(dirname "$0")"
exec autoreconf --install --force --warnings=all,no-obsolete
