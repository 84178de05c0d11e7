// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/floating.hpp>
#include <orfeas/core/function_ref.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/core/record_log.hpp>
#include <orfeas/core/record_log_error.hpp>
#include <orfeas/cost/account_book.hpp>
#include <orfeas/observe/cost_watch_options.hpp>
#include <orfeas/observe/detail/name_list.hpp>
#include <orfeas/observe/history.hpp>
#include <orfeas/observe/log_file.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace orfeas::inline v0::observe {

/// Keeps a cost::account_book by the frames: which GPUs are seen and how busy they are, what was served, generated and loaded.
///
///     observe::cost_watch costs{{}, {.price = "2.40/h"}, observe::log_file{"/var/lib/studio/cost.ledger"}};
///     costs.open();
///     sampler.add_listener([&](observe::history const& frames) { costs.take(frames); });
///
/// A frame counts for the time that has passed since the one before, whatever the machine's clock was set to meanwhile. When that
/// is longer than cost_options::max_gap, nothing is known of the time between, and nothing is counted. Loads cost the mean price of
/// the GPUs that are seen with them.
/// `take` holds its caller up while a line is written to the disk, once a period.
/// Thread-safe.
template<record_storage Storage = log_file>
class cost_watch {
  public:
    using book = cost::account_book<Storage>;

    /// Throws option_error.
    cost_watch(cost_watch_options const& series, cost::cost_options costs, Storage ledger)
        : presence_{checked(series).presence},
          utilization_{series.utilization},
          sums_{names(series.requests), names(series.generated_bytes), names(series.hits),
                names(series.misses),   names(series.loads),           names(series.load_seconds)},
          book_{std::move(costs), std::move(ledger)} {}

    /// Reads the ledger; see account_book. On an error the watch works on, keeps its lines, and may open it later.
    std::error_code open() {
        std::scoped_lock const lock{mutex_};
        return book_.open();
    }

    /// Counts the newest frame. Linear in the series.
    void take(history const& frames) {
        if (frames.empty()) {
            return;
        }
        std::scoped_lock const lock{mutex_};
        auto const seq = frames.last_seq();
        now_ = frames.time(seq);
        gpus_.clear();
        std::fill(rates_.begin(), rates_.end(), cost::absent);
        frames.for_each([&](series const& about, auto const& value_at) {
            if (double const value = value_at(seq); is_finite(value)) {
                note(about, value);
            }
        });
        auto const steady = frames.steady_time(seq);
        account_for_gpus(steady);
        if (seq > frames.first_seq()) {
            account_for_work(steady - frames.steady_time(seq - 1));
        }
        book_.tick(now_);
    }

    /// Writes the line of the present period, as at the end of a service.
    void flush() {
        std::scoped_lock const lock{mutex_};
        if (now_ != wall_time{}) {
            book_.flush(now_);
        }
    }

    cost::cost_report report() const {
        std::scoped_lock const lock{mutex_};
        return book_.report();
    }

    /// The month of the newest frame.
    cost::month_outlook month() const {
        std::scoped_lock const lock{mutex_};
        return book_.month(now_);
    }

    /// Whether lines are written to anywhere: false where the storage says that nothing is kept (`is_kept()`).
    bool has_ledger() const {
        if constexpr (requires(Storage const& kept) { kept.is_kept(); }) {
            std::scoped_lock const lock{mutex_};
            return book_.ledger().storage().is_kept();
        } else {
            return true;
        }
    }

    /// The lines of the ledger as CSV, in pieces; where it could not be opened, why. The watch is held up meanwhile.
    std::error_code write_csv(function_ref<void(std::string_view)> sink) {
        std::scoped_lock const lock{mutex_};
        auto const failed = book_.ledger().write_csv(sink);
        return failed == record_log_error::not_open && book_.last_error() ? book_.last_error() : failed;
    }

    /// Calls `use(book)` while no frame is counted, and returns what it returns: for what is in no series, such as requests by
    /// device.
    template<class Use>
    decltype(auto) with_book(Use&& use) {
        std::scoped_lock const lock{mutex_};
        return std::forward<Use>(use)(book_);
    }

    void measure(measurement_sink sink) const {
        std::scoped_lock const lock{mutex_};
        book_.measure(sink, now_);
    }

  private:
    enum work : std::size_t { requests, generated_bytes, hits, misses, loads, load_seconds, kinds };

    struct gpu { // that is seen
        cost::device_id device;
        double busy = cost::absent;
    };

    static detail::name_list names(std::string_view text) { return detail::name_list{text}; }

    static cost_watch_options const& checked(cost_watch_options const& options) {
        validate(options);
        return options;
    }

    void note(series const& about, double value) {
        bool const is_use = utilization_.contains(about);
        if (is_use || presence_.contains(about)) {
            auto& of = gpu_of(about);
            of.busy = is_use ? value : of.busy;
        }
        for (std::size_t i = 0; i < kinds; ++i) {
            if (sums_[i].contains(about)) {
                rates_[i] = is_finite(rates_[i]) ? rates_[i] + value : value;
            }
        }
    }

    gpu& gpu_of(series const& about) {
        cost::device_id device;
        for (auto const& [name, value] : about.labels) {
            device.index = name == "gpu" ? value : device.index;
            device.name = name == "name" ? value : device.name;
            device.uuid = name == "uuid" ? value : device.uuid;
        }
        if (device.key().empty()) {
            device.name = "gpu"; // the only one, of a source without labels
        }
        auto const at = std::find_if(gpus_.begin(), gpus_.end(),
                                     [&](gpu const& each) { return each.device.key() == device.key(); });
        return at != gpus_.end() ? *at : gpus_.emplace_back(gpu{std::move(device)});
    }

    void account_for_gpus(monotonic_time now) {
        for (auto const& each : gpus_) {
            if (auto const place = book_.meter().place(each.device)) {
                book_.meter().device_time(*place, now.time_since_epoch(), each.busy);
            }
        }
    }

    void account_for_work(monotonic_time::duration passed) {
        auto& meter = book_.meter();
        if (passed.count() <= 0 || passed > meter.options().max_gap) {
            return;
        }
        double const seconds = std::chrono::duration<double>{passed}.count();
        meter.requests(rates_[requests] * seconds); // what is absent is not taken in
        meter.generated(rates_[generated_bytes] * seconds);
        meter.loads_costing(rates_[loads] * seconds, rates_[load_seconds] * seconds * mean_price());
        meter.lookups(rates_[hits] * seconds, rates_[misses] * seconds);
    }

    double mean_price() const noexcept {
        double sum = 0;
        for (auto const& each : gpus_) {
            sum += book_.meter().prices().of(each.device);
        }
        return gpus_.empty() ? cost::absent : sum / static_cast<double>(gpus_.size());
    }

    detail::name_list presence_;
    detail::name_list utilization_;
    std::array<detail::name_list, kinds> sums_;
    mutable std::mutex mutex_;
    book book_;
    std::vector<gpu> gpus_{};           // of the present frame
    std::array<double, kinds> rates_{}; // of the present frame
    wall_time now_{};
};

} // namespace orfeas::inline v0::observe
