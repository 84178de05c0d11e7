// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#    include <cpuid.h>
#endif

namespace orfeas::inline v0 {

/// The processor's own counter of time: the TSC of x86-64, the virtual counter of AArch64. The cheapest clock there is;
/// its unit is not known beforehand and is found by comparison with another clock.
/// Thread-safe.
struct tick_counter {
    /// Whether the counter runs at one rate, through all power states and on all cores alike, so that it measures time.
    /// Asks the processor (CPUID leaf 0x80000007, "invariant TSC"), which may take microseconds in a virtual machine.
    static bool is_steady() noexcept {
#if defined(__x86_64__)
        constexpr unsigned power_management = 0x80000007U;
        constexpr unsigned invariant_tsc = 1U << 8U;
        unsigned a = 0;
        unsigned b = 0;
        unsigned c = 0;
        unsigned d = 0;
        return __get_cpuid(power_management, &a, &b, &c, &d) != 0 && (d & invariant_tsc) != 0;
#else
        return true;
#endif
    }

    /// The present count. Neighbouring instructions may be reordered around it.
    static std::uint64_t read() noexcept {
#if defined(__x86_64__)
        return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
        std::uint64_t count = 0;
        asm volatile("mrs %0, cntvct_el0" : "=r"(count));
        return count;
#else
#    error "orfeas needs x86-64 or AArch64."
#endif
    }
};

} // namespace orfeas::inline v0
