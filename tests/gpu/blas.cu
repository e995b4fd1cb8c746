/* SPDX-License-Identifier: BSD-2-Clause */
/* cuBLAS, which has a run-time of its own inside: a product of matrices. */
#include <cublas_v2.h>
#include <cuda_runtime.h>
#include <stdio.h>
#include <stdlib.h>

#define N 256

int main(void)
{
	float *a, one = 1, none = 0, *host = (float *)malloc(3 * N * N * 4);
	cublasHandle_t handle;
	int wrong = 0;

	for (int i = 0; i < 2 * N * N; i++)
		host[i] = 1;
	if (cudaMalloc(&a, 3 * N * N * sizeof(float)) ||
		cudaMemcpy(a, host, 2 * N * N * 4, cudaMemcpyHostToDevice) ||
		cublasCreate(&handle) ||
		cublasSgemm(handle, CUBLAS_OP_N, CUBLAS_OP_N, N, N, N, &one, a,
			N, a + N * N, N, &none, a + 2 * N * N, N) ||
		cudaMemcpy(host, a + 2 * N * N, N * N * 4,
			cudaMemcpyDeviceToHost))
		return 1;
	for (int i = 0; i < N * N; i++)
		wrong += host[i] != N;
	printf("%s\n", wrong ? "WRONG" : "right");
	return 0;
}
