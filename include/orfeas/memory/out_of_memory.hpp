// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/measurement.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <new>
#include <string_view>

namespace orfeas::inline v0::memory {

/// The state of a resource when a request could not be served.
struct out_of_memory_report {
    std::uint64_t requested_bytes = 0;
    std::uint64_t alignment = 0;
    std::uint64_t total_bytes = 0;        ///< what may be handed out at most; 0 when the resource knows no limit
    std::uint64_t reserved_bytes = 0;     ///< taken from the backend
    std::uint64_t allocated_bytes = 0;    ///< handed out
    std::uint64_t largest_free_bytes = 0; ///< the largest free extent in reserved memory
    std::uint64_t stranded_bytes = 0;     ///< free, but in pieces with something in use
    std::uint64_t available_bytes = 0;    ///< about what the largest request could have been that was served

    static void fields(auto& self, auto&& field) {
        field("requested_bytes", self.requested_bytes, unit::bytes, "the request that failed");
        field("alignment", self.alignment, unit::bytes, "the alignment that it asked for");
        field("total_bytes", self.total_bytes, unit::bytes, "memory that may be handed out at most");
        field("reserved_bytes", self.reserved_bytes, unit::bytes, "memory taken from the backend");
        field("allocated_bytes", self.allocated_bytes, unit::bytes, "memory handed out");
        field("largest_free_bytes", self.largest_free_bytes, unit::bytes, "largest free extent in reserved memory");
        field("stranded_bytes", self.stranded_bytes, unit::bytes, "free memory in pieces that are partly in use");
        field("available_bytes", self.available_bytes, unit::bytes, "about the largest request that could be served");
    }
};

/// Thrown when a resource cannot serve a request. `what()` is a sentence with the figures and what to do; making and
/// copying it allocates nothing.
class out_of_memory : public std::bad_alloc {
  public:
    /// `resource` names who failed; `cause` is the backend's own sentence, if it was a backend's call that failed;
    /// `holders` names who holds the memory: "weights 3 GiB, cache 1 GiB".
    out_of_memory(out_of_memory_report const& report, std::string_view resource, std::string_view cause = {},
                  std::string_view holders = {}) noexcept
        : report_{report} {
        // format_bytes answers at most 11 characters, which a std::string holds without allocating
        auto const length = std::snprintf(
            text_.data(), text_.size(),
            "%.*s: no room for %s (aligned to %s): %s of %s allocated, %s reserved, largest free extent %s, "
            "%s stranded; free buffers, ask for less, or raise the limit%s%.*s%s%.*s",
            static_cast<int>(resource.size()), resource.data(), format_bytes(report.requested_bytes).c_str(),
            format_bytes(report.alignment).c_str(), format_bytes(report.allocated_bytes).c_str(),
            report.total_bytes == 0 ? "any number" : format_bytes(report.total_bytes).c_str(),
            format_bytes(report.reserved_bytes).c_str(), format_bytes(report.largest_free_bytes).c_str(),
            format_bytes(report.stranded_bytes).c_str(), holders.empty() ? "" : ". Most is held by ",
            static_cast<int>(holders.size()), holders.data(), cause.empty() ? "" : ". ", static_cast<int>(cause.size()),
            cause.data());
        if (length < 0) {
            text_[0] = '\0';
        }
    }

    char const* what() const noexcept override { return text_.data(); }
    out_of_memory_report const& report() const noexcept { return report_; }

  protected:
    /// Lengthens the sentence, as far as there is room.
    void append(std::string_view text) noexcept {
        auto const length = std::char_traits<char>::length(text_.data());
        auto const room = text_.size() - 1 - length;
        auto const end = text.copy(text_.data() + length, room);
        text_[length + end] = '\0';
    }

  private:
    out_of_memory_report report_;
    std::array<char, 640> text_;
};

} // namespace orfeas::inline v0::memory
