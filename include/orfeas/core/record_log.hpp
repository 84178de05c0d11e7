// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/record_frames.hpp>
#include <orfeas/core/record_log_error.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace orfeas::inline v0 {

/// Bytes that outlive the process and only grow at their end.
///
/// `read(offset, to, size, count)` puts up to `size` bytes from `offset` on into `to`, and says in `count` how many; 0 at
/// the end. `append(bytes)` returns no error once all of them would outlive a crash of process and machine; after an error,
/// any first part of them may be there. `truncate(size)` drops what is behind `size`, as durably.
template<class S>
concept record_storage =
    requires(S& storage, std::uint64_t offset, char* to, std::size_t size, std::size_t& count, std::string_view bytes) {
        { storage.read(offset, to, size, count) } -> std::same_as<std::error_code>;
        { storage.append(bytes) } -> std::same_as<std::error_code>;
        { storage.truncate(offset) } -> std::same_as<std::error_code>;
    };

/// A storage in memory, for tests and for what need not outlive the process.
struct memory_storage {
    std::string bytes{};

    std::error_code read(std::uint64_t offset, char* to, std::size_t size, std::size_t& count) {
        count = offset < bytes.size() ? bytes.copy(to, size, static_cast<std::size_t>(offset)) : 0;
        return {};
    }
    std::error_code append(std::string_view more) {
        bytes.append(more);
        return {};
    }
    std::error_code truncate(std::uint64_t size) {
        bytes.resize(static_cast<std::size_t>(size));
        return {};
    }
};
static_assert(record_storage<memory_storage>);

/// An append-only log of records that survives a crash at any byte.
///
/// A record whose `append` returned no error is committed: every later `open` gives it back. What a crash left of a record
/// that was not is dropped by `open`. Damage before the end is kept, passed over and told in the report, and so is a damaged
/// end; records go on behind it. One log at a time writes to a storage.
/// Thread-compatible (distinct objects).
template<record_storage Storage>
class record_log {
  public:
    /// Takes the storage, and reads nothing yet. Records have at most `largest` bytes.
    explicit record_log(Storage storage, std::size_t largest = std::size_t{1} << 20U)
        : storage_{std::move(storage)}, largest_{largest} {}

    /// Gives each committed record to `visit(framed_record const&)`, oldest first, drops a torn end, and makes the log ready
    /// for `append`. On an error (of the storage, or record_log_error::foreign_log) nothing was changed.
    template<std::invocable<framed_record const&> Visit>
    std::error_code open(Visit&& visit) {
        is_open_ = false;
        record_frame_reader reader{largest_};
        auto const all = [&] {
            while (auto const record = reader.next()) {
                visit(*record);
            }
        };
        std::array<char, 1 << 14> piece;
        for (std::uint64_t offset = 0;;) {
            std::size_t count = 0;
            if (auto const failed = storage_.read(offset, piece.data(), piece.size(), count)) {
                return failed;
            }
            if (count == 0) {
                break;
            }
            offset += count;
            reader.feed({piece.data(), count});
            all();
        }
        reader.finish();
        all();
        report_ = reader.report();
        return begin_writing();
    }
    std::error_code open() {
        return open([](framed_record const&) {});
    }

    /// Commits a record. After an error the log is as it was before, and a later append may succeed.
    std::error_code append(std::string_view payload) {
        if (!is_open_) {
            return record_log_error::not_open;
        }
        if (payload.size() > largest_) {
            return record_log_error::record_too_large;
        }
        if (auto const failed = repair()) {
            return failed;
        }
        frame_.clear();
        append_record(frame_, next_sequence_, payload);
        if (auto const failed = storage_.append(frame_)) {
            has_remains_ = true;
            return failed;
        }
        ++next_sequence_;
        bytes_ += frame_.size();
        return {};
    }

    /// What `open` found.
    record_report const& report() const noexcept { return report_; }

    std::uint64_t bytes() const noexcept { return bytes_; } ///< of the storage, committed
    std::uint64_t next_sequence() const noexcept { return next_sequence_; }
    bool is_open() const noexcept { return is_open_; }
    Storage& storage() noexcept { return storage_; }
    Storage const& storage() const noexcept { return storage_; }

  private:
    std::error_code begin_writing() {
        if (report_.records == 0 && report_.tail == record_tail::damaged) {
            return record_log_error::foreign_log; // never write into what may be somebody else's
        }
        next_sequence_ = report_.next_sequence;
        bytes_ = report_.tail == record_tail::torn ? report_.committed_bytes : report_.bytes;
        has_remains_ = bytes_ < report_.bytes;
        auto const failed = repair();
        is_open_ = !failed;
        return failed;
    }

    /// Drops what an append that failed may have left.
    std::error_code repair() {
        if (!has_remains_) {
            return {};
        }
        auto const failed = storage_.truncate(bytes_);
        has_remains_ = static_cast<bool>(failed);
        return failed;
    }

    Storage storage_;
    std::size_t largest_;
    std::string frame_;
    record_report report_{};
    std::uint64_t next_sequence_ = 0;
    std::uint64_t bytes_ = 0;
    bool has_remains_ = false;
    bool is_open_ = false;
};

} // namespace orfeas::inline v0
