// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/function_ref.hpp>
#include <orfeas/core/record_log.hpp>
#include <orfeas/cost/detail/ledger_rows.hpp>
#include <orfeas/cost/ledger_entry.hpp>
#include <orfeas/cost/ledger_error.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace orfeas::inline v0::cost {

/// An append-only account of what was used, by period and device, that survives a crash at any byte.
///
/// Each entry is one record of a record_log, so it is there as a whole or not at all, and once `append` returned no error it
/// stays. A record holds rows of CSV: the file can be read by people, and is exported as it is.
/// Thread-compatible (distinct objects).
template<record_storage Storage>
class ledger {
  public:
    explicit ledger(Storage storage) : log_{std::move(storage)} {}

    /// Gives each entry to `visit(ledger_entry const&)`, oldest first, and makes the ledger ready for `append`. Fails with an
    /// error of the storage, record_log_error::foreign_log or ledger_error::other_layout. What was damaged is told in
    /// `report()`, what could not be understood in `unreadable()`.
    template<std::invocable<ledger_entry const&> Visit>
    std::error_code open(Visit&& visit) {
        is_ours_ = true;
        unreadable_ = 0;
        auto const failed = log_.open([&](framed_record const& record) {
            if (is_header(record)) {
                is_ours_ = is_ours_ && record.payload == detail::ledger_header();
            } else if (auto const entry = detail::parse_rows(record.payload)) {
                visit(*entry);
            } else {
                ++unreadable_;
            }
        });
        is_ours_ = is_ours_ && unreadable_ <= log_.report().records / 2;
        return failed || is_ours_ ? failed : make_error_code(ledger_error::other_layout);
    }

    /// Commits an entry. After an error the ledger is as it was before.
    std::error_code append(ledger_entry const& entry) {
        if (!is_ours_) {
            return record_log_error::not_open;
        }
        if (log_.bytes() == 0) {
            if (auto const failed = log_.append(detail::ledger_header())) {
                return failed;
            }
        }
        rows_.clear();
        detail::append_rows(rows_, entry);
        return log_.append(rows_);
    }

    /// Writes all entries to `sink` as CSV (RFC 4180), in pieces: a header, then for each entry a row of the service and one
    /// for each device; times in UTC, what is not known is empty. Without an open ledger an error and nothing, since nothing
    /// would be read as no costs.
    std::error_code write_csv(function_ref<void(std::string_view)> sink) {
        if (!is_ours_ || !log_.is_open()) {
            return record_log_error::not_open;
        }
        sink(detail::ledger_header());
        record_frame_reader reader;
        std::array<char, 1 << 14> piece;
        for (std::uint64_t offset = 0; offset < log_.bytes();) {
            std::size_t count = 0;
            if (auto const failed = log_.storage().read(offset, piece.data(), piece.size(), count)) {
                return failed;
            }
            if (count == 0) {
                break;
            }
            offset += count;
            reader.feed({piece.data(), count});
            while (auto const record = reader.next()) {
                if (!is_header(*record) && detail::parse_rows(record->payload)) {
                    sink(record->payload);
                }
            }
        }
        return {};
    }

    /// What `open` found, byte by byte.
    record_report const& report() const noexcept { return log_.report(); }
    /// Whole records that are no entries.
    std::uint64_t unreadable() const noexcept { return unreadable_; }

    std::uint64_t bytes() const noexcept { return log_.bytes(); } ///< committed

    Storage& storage() noexcept { return log_.storage(); }
    Storage const& storage() const noexcept { return log_.storage(); }

  private:
    static bool is_header(framed_record const& record) noexcept { return record.payload.starts_with("begin,"); }

    record_log<Storage> log_;
    std::string rows_;
    std::uint64_t unreadable_ = 0;
    bool is_ours_ = false;
};

} // namespace orfeas::inline v0::cost
