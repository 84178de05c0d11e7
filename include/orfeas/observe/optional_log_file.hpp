// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/record_log.hpp>
#include <orfeas/observe/log_file.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace orfeas::inline v0::observe {

/// A log_file where there is a path; without one nothing is kept, and there is nothing to read.
/// Thread-compatible (distinct objects).
class optional_log_file {
  public:
    explicit optional_log_file(std::string const& path) {
        if (!path.empty()) {
            file_.emplace(path);
        }
    }

    /// Whether there is a path, so that anything is kept.
    bool is_kept() const noexcept { return file_.has_value(); }

    std::error_code read(std::uint64_t offset, char* to, std::size_t size, std::size_t& count) {
        count = 0;
        return file_ ? file_->read(offset, to, size, count) : std::error_code{};
    }
    std::error_code append(std::string_view bytes) { return file_ ? file_->append(bytes) : std::error_code{}; }
    std::error_code truncate(std::uint64_t size) { return file_ ? file_->truncate(size) : std::error_code{}; }

  private:
    std::optional<log_file> file_;
};
static_assert(record_storage<optional_log_file>);

} // namespace orfeas::inline v0::observe
