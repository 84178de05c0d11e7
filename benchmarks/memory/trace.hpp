// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

/// A recording of what a program allocated and freed, in order.

namespace bench {

struct trace_event {
    std::uint32_t id;     ///< of the allocation; not used again
    std::uint32_t stream; ///< that it was made or freed on
    std::uint64_t bytes;  ///< 0: a free

    bool is_free() const noexcept { return bytes == 0; }
};

/// Builds itself by `allocate` and `free`.
class trace {
  public:
    explicit trace(std::string name) : name_{std::move(name)} {}

    std::uint32_t allocate(std::uint64_t bytes, std::uint32_t stream = 0) {
        bytes = std::max<std::uint64_t>(bytes, 1);
        auto const id = static_cast<std::uint32_t>(sizes_.size());
        sizes_.push_back(bytes);
        events_.push_back({id, stream, bytes});
        live_ += rounded(bytes);
        peak_ = std::max(peak_, live_);
        return id;
    }

    void free(std::uint32_t id, std::uint32_t stream = 0) {
        events_.push_back({id, stream, 0});
        live_ -= rounded(sizes_[id]);
    }

    std::string const& name() const noexcept { return name_; }
    std::vector<trace_event> const& events() const noexcept { return events_; }
    std::uint64_t bytes_of(std::uint32_t id) const noexcept { return sizes_[id]; }
    std::size_t allocations() const noexcept { return sizes_.size(); }
    std::uint64_t peak_bytes() const noexcept { return peak_; } ///< live at once, in units of 512 bytes

  private:
    static constexpr std::uint64_t rounded(std::uint64_t bytes) noexcept { return (bytes + 511) / 512 * 512; }

    std::string name_;
    std::vector<trace_event> events_;
    std::vector<std::uint64_t> sizes_;
    std::uint64_t live_ = 0;
    std::uint64_t peak_ = 0;
};

} // namespace bench
