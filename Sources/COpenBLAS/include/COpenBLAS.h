// BLAS.
