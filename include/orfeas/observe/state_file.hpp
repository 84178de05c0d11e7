// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/records.hpp>
#include <orfeas/core/stable_hash.hpp>
#include <orfeas/core/state_error.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <system_error>
#include <vector>

/// A file with what a service has learned, that is whole or not there.

namespace orfeas::inline v0::observe {

namespace detail {

/// "ORFO", the layout, the number of bytes that follow, their XXH64.
inline constexpr std::uint32_t state_file_magic = 0x4F46524FU;
inline constexpr std::uint32_t state_file_layout = 1;
inline constexpr std::size_t state_file_head = 24;

inline std::error_code last_error() noexcept {
    return {errno, std::generic_category()};
}

/// A file that is closed at the end.
class file_handle {
  public:
    explicit file_handle(int fd) noexcept : fd_{fd} {}
    file_handle(file_handle const&) = delete;
    file_handle& operator=(file_handle const&) = delete;
    ~file_handle() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }

    explicit operator bool() const noexcept { return fd_ >= 0; }

    std::error_code write(std::span<std::byte const> bytes) const noexcept {
        while (!bytes.empty()) {
            auto const count = ::write(fd_, bytes.data(), bytes.size());
            if (count < 0 && errno != EINTR) {
                return last_error();
            }
            bytes = bytes.subspan(count < 0 ? 0 : static_cast<std::size_t>(count));
        }
        return ::fsync(fd_) == 0 ? std::error_code{} : last_error();
    }

    /// Appends all that is in the file.
    std::error_code read(std::vector<std::byte>& to) const {
        constexpr std::size_t piece = 1 << 16;
        while (true) {
            std::size_t const size = to.size();
            to.resize(size + piece);
            auto const count = ::read(fd_, to.data() + size, piece);
            to.resize(size + (count > 0 ? static_cast<std::size_t>(count) : 0));
            if (count == 0) {
                return {};
            }
            if (count < 0 && errno != EINTR) {
                return last_error();
            }
        }
    }

  private:
    int fd_;
};

} // namespace detail

/// Replaces the file by one with these bytes, at once: at any moment there is the old file or the new one, whole. Blocks until
/// the bytes are on the disk. What is in the way keeps the old file as it was.
inline std::error_code write_state_file(std::string const& path, std::span<std::byte const> bytes) {
    std::vector<std::byte> head;
    record_writer out{head};
    out.number(detail::state_file_magic);
    out.number(detail::state_file_layout);
    out.number(static_cast<std::uint64_t>(bytes.size()));
    out.number(stable_hash64(bytes));
    head.insert(head.end(), bytes.begin(), bytes.end());
    std::string const fresh = path + ".new";
    std::error_code failed;
    {
        detail::file_handle const file{::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
        failed = file ? file.write(head) : detail::last_error();
    }
    if (!failed && std::rename(fresh.c_str(), path.c_str()) != 0) {
        failed = detail::last_error();
    }
    if (failed) {
        ::unlink(fresh.c_str());
    }
    return failed;
}

/// Reads the bytes that write_state_file wrote. no_such_file_or_directory where there is no file; a state_error where it is
/// not such a file, cut short, or damaged.
inline std::error_code read_state_file(std::string const& path, std::vector<std::byte>& bytes) {
    detail::file_handle const file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file) {
        return detail::last_error();
    }
    std::vector<std::byte> all;
    if (auto const failed = file.read(all)) {
        return failed;
    }
    record_reader in{all};
    if (in.number<std::uint32_t>() != detail::state_file_magic) {
        return state_error::foreign_state;
    }
    auto const layout = in.number<std::uint32_t>();
    auto const size = in.number<std::uint64_t>();
    auto const sum = in.number<std::uint64_t>();
    if (!in.good() || all.size() - detail::state_file_head < size) {
        return state_error::truncated_state;
    }
    if (layout != detail::state_file_layout) {
        return state_error::other_version;
    }
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(detail::state_file_head));
    if (all.size() != size || stable_hash64(std::span<std::byte const>{all}) != sum) {
        return state_error::corrupted_state;
    }
    bytes = std::move(all);
    return {};
}

} // namespace orfeas::inline v0::observe
