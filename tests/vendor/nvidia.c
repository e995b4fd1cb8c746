/* SPDX-License-Identifier: BSD-2-Clause */
/* For NVIDIA's own run-time, which ends here where there is no real driver. */
#include <cuda_runtime_api.h>
#include <stdio.h>

int main(void)
{
	void *p = NULL;

	printf("%d\n", (int)cudaMalloc(&p, 4096));
	return 0;
}
