# On real devices; skips where there are none.  nvcc builds the programs.
TESTS += tests/gpu/cuda.sh
EXTRA_DIST += tests/gpu/cuda.sh tests/gpu/app.cu tests/gpu/blas.cu
