// SPDX-License-Identifier: MIT
#pragma once

// Facts about the compiler, as macros that are always defined: a misspelt one is a compile error under -Wundef.

#if !defined(__linux__) || !(defined(__x86_64__) || defined(__aarch64__))
#    error "orfeas supports Linux on x86-64 and AArch64"
#endif

#if __cplusplus < 202002L
#    error "orfeas needs C++20: compile with -std=c++20 or later"
#endif

/// 1 while nvcc compiles a .cu translation unit, else 0.
#if defined(__CUDACC__)
#    define ORFEAS_CUDACC() 1
#else
#    define ORFEAS_CUDACC() 0
#endif

/// 1 when the CUDA toolkit's run-time header can be included, else 0.
#if __has_include(<cuda_runtime_api.h>)
#    define ORFEAS_HAS_CUDA_TOOLKIT() 1
#else
#    define ORFEAS_HAS_CUDA_TOOLKIT() 0
#endif

/// Marks a function that a kernel may call; nothing outside a .cu translation unit.
#if ORFEAS_CUDACC()
#    define ORFEAS_HOST_DEVICE __host__ __device__
#else
#    define ORFEAS_HOST_DEVICE
#endif
