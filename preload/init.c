/* SPDX-License-Identifier: BSD-2-Clause */
#include "preload/phase.h"
