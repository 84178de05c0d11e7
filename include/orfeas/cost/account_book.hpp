// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/cost/cost_options.hpp>
#include <orfeas/cost/cost_report.hpp>
#include <orfeas/cost/ledger.hpp>
#include <orfeas/cost/ledger_entry.hpp>
#include <orfeas/cost/ledger_error.hpp>
#include <orfeas/cost/meter.hpp>
#include <orfeas/cost/month_trend.hpp>
#include <orfeas/cost/usage.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace orfeas::inline v0::cost {

/// Accounts that survive a restart: a meter, its ledger, and the month that follows from both.
///
///     account_book book{options, observe::log_file{"/var/lib/studio/cost.ledger"}};
///     if (auto const failed = book.open()) { … }   // works on, keeps the lines, and tries again
///     book.meter().device_time(…);                 // as it comes
///     book.tick(clock.wall_now());                 // now and then: each second
///     book.flush(clock.wall_now());                // at the end
///
/// What the meter was told since the tick before counts for the period of this tick. When a period has ended, in either
/// direction of the clock, its line is written; lines of one period add up, so a clock that was set back makes further lines
/// and counts nothing twice. What a crash loses is what came since the last line. A line that cannot be written is kept and
/// tried again at each tick; when too many wait, the oldest two become one. So is a ledger that could not be opened, as where
/// the process before has it still; not one that is none or of another layout, which only people can put right.
///
/// Thread-compatible (distinct objects).
template<record_storage Storage>
class account_book {
  public:
    static constexpr std::size_t most_waiting = 1'000;

    /// Throws option_error.
    account_book(cost_options options, Storage storage) : meter_{std::move(options)}, ledger_{std::move(storage)} {}

    /// Reads the ledger: the meter's totals and the month so far become what they were. Lines in another currency are
    /// counted, not added; devices that were last seen long ago are one, so that there is room for as many new ones. On an
    /// error nothing is taken up, and it may be tried again. Once it succeeded, it does nothing.
    std::error_code open() {
        if (is_open_) {
            return {};
        }
        usage past;
        month_trend trend;
        std::uint64_t foreign = 0;
        last_error_ = ledger_.open([&](ledger_entry const& entry) {
            if (entry.currency != meter_.options().currency) {
                ++foreign;
                return;
            }
            past.add(entry.used);
            add(trend, entry.begin, entry.used);
        });
        is_awaited_ =
            last_error_ && last_error_ != record_log_error::foreign_log && last_error_ != ledger_error::other_layout;
        if (last_error_) {
            return last_error_;
        }
        is_open_ = true;
        foreign_lines_ = foreign;
        for (auto const& each : waiting_) { // of this run: after all that is past
            add(trend, each.begin, each.used);
        }
        add(trend, period_.value_or(wall_time{}), growth(counted_, begun_));
        trend_ = trend;
        past.fold(meter_.options().max_devices / 2); // new ones find place
        meter_.add(past);
        begun_.add(past);
        counted_.add(past);
        return {};
    }

    cost::meter& meter() noexcept { return meter_; }
    cost::meter const& meter() const noexcept { return meter_; }

    /// Counts what the meter was told since the last tick, and writes the line of a period that has ended.
    void tick(wall_time now) {
        auto const period = period_of(now);
        if (period_ && *period_ != period) {
            close();
        }
        period_ = period;
        auto const& totals = meter_.totals();
        add(trend_, now, growth(totals, counted_));
        counted_ = totals;
        write();
    }

    /// Writes the line of the present period, too.
    void flush(wall_time now) {
        tick(now);
        close();
        write();
    }

    cost_report report() const { return meter_.report(); }
    month_outlook month(wall_time now) const { return trend_.outlook(now); }
    month_trend const& trend() const noexcept { return trend_; }
    cost::ledger<Storage>& ledger() noexcept { return ledger_; }
    cost::ledger<Storage> const& ledger() const noexcept { return ledger_; }

    /// Why the newest line was not written, or the ledger not opened; none when all is well.
    std::error_code last_error() const noexcept { return last_error_; }
    /// Lines that wait to be written.
    std::size_t waiting_lines() const noexcept { return waiting_.size(); }
    /// Lines of the ledger in another currency.
    std::uint64_t foreign_lines() const noexcept { return foreign_lines_; }

    /// Reports the meter, the month of `now`, and how the ledger is.
    void measure(measurement_sink sink, wall_time now) const;

  private:
    wall_time period_of(wall_time now) const noexcept {
        auto const length = meter_.options().period;
        auto const since = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch();
        auto const into = ((since % length) + length) % length;
        return wall_time{since - into};
    }

    static void add(month_trend& to, wall_time time, usage const& used) {
        auto const total = used.total();
        if (total.priced_seconds > 0) {
            to.add(time, total.money);
        }
    }

    void close() {
        ledger_entry entry{*period_, meter_.options().period, meter_.options().currency, growth(counted_, begun_)};
        begun_ = counted_;
        if (entry.used != usage{}) {
            waiting_.push_back(std::move(entry));
        }
        if (waiting_.size() > most_waiting) {
            waiting_[1].used.add(waiting_[0].used);
            waiting_.pop_front();
        }
    }

    void write() {
        if (is_awaited_) {
            open();
        }
        if (!is_open_) { // what kept it from being opened is the error
            last_error_ = last_error_ || waiting_.empty() ? last_error_ : make_error_code(record_log_error::not_open);
            return;
        }
        while (!waiting_.empty()) {
            last_error_ = ledger_.append(waiting_.front());
            if (last_error_) {
                return;
            }
            waiting_.pop_front();
        }
    }

    cost::meter meter_;
    cost::ledger<Storage> ledger_;
    month_trend trend_{};
    usage begun_{};   // totals at the begin of the present line
    usage counted_{}; // totals at the last tick
    std::optional<wall_time> period_{};
    std::deque<ledger_entry> waiting_{};
    std::error_code last_error_{};
    std::uint64_t foreign_lines_ = 0;
    bool is_open_ = false;
    bool is_awaited_ = false; // it could not be opened, and may be later
};

template<record_storage Storage>
void account_book<Storage>::measure(measurement_sink sink, wall_time now) const {
    meter_.measure(sink);
    trend_.measure(sink, now, meter_.options().currency);
    auto const& found = ledger_.report();
    auto const gauge = [&](std::string_view name, unit of, std::uint64_t value, std::string_view help) {
        sink({name, measurement_kind::gauge, of, static_cast<double>(value), {}, help});
    };
    gauge("cost_ledger_bytes", unit::bytes, ledger_.bytes(), "size of the ledger");
    gauge("cost_ledger_waiting_lines", unit::none, waiting_.size(), "lines that could not be written yet");
    gauge("cost_ledger_damaged_bytes", unit::bytes, found.damaged_bytes,
          "damaged bytes found in the ledger when it was opened");
    gauge("cost_ledger_missing_lines", unit::none, found.missing_records,
          "lines found missing when the ledger was opened");
}

} // namespace orfeas::inline v0::cost
