// SPDX-License-Identifier: MIT
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace orfeas::inline v0::memory::detail {

/// Host memory that can be mapped at several addresses: a file without a name and without pages until they are touched.
/// Thread-safe.
///
/// One file for all, because a file for each piece would meet RLIMIT_NOFILE at 2 GiB in pieces of 2 MiB, and because
/// neighbours of one file that are mapped side by side count once against vm.max_map_count. Offsets are never given out
/// twice: pieces of all sizes come and go without the file's offsets fragmenting, and 2^62 bytes outlast any program.
class memory_file {
  public:
    memory_file() noexcept : file_{::memfd_create("orfeas", MFD_CLOEXEC)} {
        if (file_ >= 0 && ::ftruncate(file_, static_cast<::off_t>(size_)) != 0) {
            ::close(file_);
            file_ = -1;
        }
    }

    ~memory_file() {
        if (file_ >= 0) {
            ::close(file_);
        }
    }

    memory_file(memory_file const&) = delete;
    memory_file& operator=(memory_file const&) = delete;

    /// False where the system has no such files.
    bool is_open() const noexcept { return file_ >= 0; }

    /// The offset of `bytes` bytes that were never given out; 0 when the file's size, limited by RLIMIT_FSIZE, is used up.
    /// Offsets are multiples of `first` if all sizes are.
    std::uint64_t take(std::uint64_t bytes) noexcept {
        auto at = next_.load(std::memory_order_relaxed);
        do {
            if (at > size_ || bytes > size_ - at) {
                return 0;
            }
        } while (!next_.compare_exchange_weak(at, at + bytes, std::memory_order_relaxed));
        return at;
    }

    /// Gives the pages of a piece back to the system, also where they are still mapped. False with errno on failure.
    bool give(std::uint64_t offset, std::uint64_t bytes) const noexcept {
        return ::fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<::off_t>(offset),
                           static_cast<::off_t>(bytes)) == 0;
    }

    /// Shows a piece at `to`, in the place of what is there, but lets nobody touch it yet. False with errno on failure.
    bool map(void* to, std::uint64_t bytes, std::uint64_t offset) const noexcept {
        return ::mmap(to, bytes, PROT_NONE, MAP_SHARED | MAP_FIXED | MAP_NORESERVE, file_,
                      static_cast<::off_t>(offset)) != MAP_FAILED;
    }

    static constexpr std::uint64_t first = std::uint64_t{2} << 20; ///< the first offset: zero is none

  private:
    /// Growing beyond the limit would end the process by SIGXFSZ.
    static std::uint64_t largest_size() noexcept {
        ::rlimit limit{};
        std::uint64_t const most = std::uint64_t{1} << 62;
        return ::getrlimit(RLIMIT_FSIZE, &limit) == 0 ? std::min<std::uint64_t>(limit.rlim_cur, most) : most;
    }

    std::uint64_t size_ = largest_size();
    int file_;
    std::atomic<std::uint64_t> next_{first};
};

} // namespace orfeas::inline v0::memory::detail
