// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>
#include <vector>

namespace orfeas::inline v0::memory::detail {

/// Gathers what is written and hands it to `sink(std::string_view)` in chunks of up to 64 KiB. `flush` at the end.
template<class Sink>
class chunk_writer {
  public:
    explicit chunk_writer(Sink& sink) : sink_{sink}, buffer_(std::size_t{64} << 10U) {}
    chunk_writer(chunk_writer const&) = delete;
    chunk_writer& operator=(chunk_writer const&) = delete;

    void append(std::string_view text) {
        while (text.size() > buffer_.size() - used_) {
            auto const part = buffer_.size() - used_;
            std::memcpy(buffer_.data() + used_, text.data(), part);
            used_ += part;
            text.remove_prefix(part);
            flush();
        }
        std::memcpy(buffer_.data() + used_, text.data(), text.size());
        used_ += text.size();
    }

    void append(char c) { *room(1) = c, ++used_; }

    /// Room for up to `bytes` (at most 4096), of which `took` then says how many were written.
    char* room(std::size_t bytes) {
        if (bytes > buffer_.size() - used_) {
            flush();
        }
        return buffer_.data() + used_;
    }
    void took(std::size_t bytes) noexcept { used_ += bytes; }

    void flush() {
        if (used_ > 0) {
            sink_(std::string_view{buffer_.data(), used_});
        }
        used_ = 0;
    }

  private:
    Sink& sink_;
    std::vector<char> buffer_;
    std::size_t used_ = 0;
};

} // namespace orfeas::inline v0::memory::detail
