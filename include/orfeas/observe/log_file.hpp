// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/record_log.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace orfeas::inline v0::observe {

/// A file that a record_log keeps its records in. One process at a time has it: a second one is told
/// std::errc::resource_unavailable_try_again. Each operation is tried again after a signal, and every error is returned.
///
/// `append` returns when the bytes are on the disk (fdatasync). The file is made when it is not there, for the owner alone,
/// and its folder is synchronised, so that the file outlives a crash as well. All calls may block.
/// Thread-compatible (distinct objects).
class log_file {
  public:
    /// Names the file, and opens it with the first operation.
    explicit log_file(std::string path) : path_{std::move(path)} {}
    log_file(log_file&& other) noexcept : path_{std::move(other.path_)}, fd_{std::exchange(other.fd_, -1)} {}
    log_file& operator=(log_file&& other) noexcept {
        std::swap(path_, other.path_);
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~log_file() { close(); }

    std::string const& path() const noexcept { return path_; }

    std::error_code read(std::uint64_t offset, char* to, std::size_t size, std::size_t& count) {
        count = 0;
        if (auto const failed = open()) {
            return failed;
        }
        auto const got = until_done([&] { return ::pread(fd_, to, size, static_cast<off_t>(offset)); });
        count = got > 0 ? static_cast<std::size_t>(got) : 0;
        return got < 0 ? last_error() : std::error_code{};
    }

    std::error_code append(std::string_view bytes) {
        if (auto const failed = open()) {
            return failed;
        }
        while (!bytes.empty()) {
            auto const written = until_done([&] { return ::write(fd_, bytes.data(), bytes.size()); });
            if (written < 0) {
                return last_error();
            }
            if (written == 0) { // what POSIX allows and no file system does
                return std::make_error_code(std::errc::io_error);
            }
            bytes.remove_prefix(static_cast<std::size_t>(written));
        }
        return until_done([&] { return ::fdatasync(fd_); }) == 0 ? std::error_code{} : last_error();
    }

    std::error_code truncate(std::uint64_t size) {
        if (auto const failed = open()) {
            return failed;
        }
        if (until_done([&] { return ::ftruncate(fd_, static_cast<off_t>(size)); }) != 0) {
            return last_error();
        }
        return until_done([&] { return ::fsync(fd_); }) == 0 ? std::error_code{} : last_error();
    }

    /// Gives the file back. The next operation opens it again.
    void close() noexcept {
        if (fd_ >= 0) {
            ::close(fd_); // all that was written is synchronised
            fd_ = -1;
        }
    }

  private:
    std::error_code open() {
        if (fd_ >= 0) {
            return {};
        }
        fd_ = until_done([&] { return ::open(path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600); });
        if (fd_ < 0) {
            return last_error();
        }
        auto failed =
            until_done([&] { return ::flock(fd_, LOCK_EX | LOCK_NB); }) == 0 ? std::error_code{} : last_error();
        if (!failed) {
            failed = synchronise_folder();
        }
        if (failed) {
            close();
        }
        return failed;
    }

    /// Makes the file's name outlive a crash.
    std::error_code synchronise_folder() const {
        auto const slash = path_.rfind('/');
        std::string const folder = slash == std::string::npos ? "." : path_.substr(0, slash + 1);
        int const fd = until_done([&] { return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
        if (fd < 0) {
            return last_error();
        }
        bool const is_done =
            until_done([&] { return ::fsync(fd); }) == 0 || errno == EINVAL; // some file systems need none
        auto const failed = is_done ? std::error_code{} : last_error();
        ::close(fd);
        return failed;
    }

    static std::error_code last_error() noexcept { return {errno, std::generic_category()}; }

    template<class Call>
    static auto until_done(Call call) noexcept -> decltype(call()) {
        auto result = call();
        while (result < 0 && errno == EINTR) {
            result = call();
        }
        return result;
    }

    std::string path_;
    int fd_ = -1;
};
static_assert(record_storage<log_file>);

} // namespace orfeas::inline v0::observe
