// SPDX-License-Identifier: MIT
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

/// Checks what the caller promised: a violated condition is a bug, so the program reports it and aborts.
/// `message` says what the caller should have done. Define ORFEAS_ASSERT before the first include to replace it.
#ifndef ORFEAS_ASSERT
#    define ORFEAS_ASSERT(condition, message)                                                                          \
        (static_cast<bool>(condition) ? static_cast<void>(0) : ::orfeas::detail::assertion_failed(#condition, message))
#endif

namespace orfeas::inline v0::detail {

[[noreturn]] inline void assertion_failed(char const* condition, char const* message,
                                          std::source_location where = std::source_location::current()) noexcept {
    std::fprintf(stderr, "%s:%u: %s: orfeas precondition violated: %s (%s)\n", where.file_name(),
                 static_cast<unsigned>(where.line()), where.function_name(), message, condition);
    std::abort();
}

} // namespace orfeas::inline v0::detail
