// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/core/state.hpp>
#include <orfeas/cost/batch_return_options.hpp>
#include <orfeas/cost/price.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace orfeas::inline v0::cost {

/// What batches of one size cost, over its last samples. Money is in units of the currency.
struct batch_figures {
    std::uint64_t size = 0;           ///< items in a batch
    std::uint64_t samples = 0;        ///< that the figures are about
    double money_per_item = absent;   ///< mean of duration × price / size
    double money_error = absent;      ///< standard error of that mean; absent with one sample
    double seconds_per_item = absent; ///< mean of duration / size
    double latency_seconds = absent;  ///< quantile of the durations (nearest rank)
    double saved_per_item =
        absent;                  ///< money_per_item of the next smaller size, less this one's; absent for the smallest
    double saved_error = absent; ///< standard error of saved_per_item
    double money_per_added_item =
        absent; ///< the batch's mean cost less the next smaller size's, by item that it has more

    static void fields(auto& self, auto&& field) {
        field("size", self.size, unit::none, "items in a batch");
        field("samples", self.samples, unit::none, "batches that the figures are about");
        field("money_per_item", self.money_per_item, unit::none, "mean cost of an item");
        field("money_error", self.money_error, unit::none, "standard error of the mean cost of an item");
        field("seconds_per_item", self.seconds_per_item, unit::seconds, "mean device time of an item");
        field("latency_seconds", self.latency_seconds, unit::seconds, "high quantile of the time of a batch");
        field("saved_per_item", self.saved_per_item, unit::none, "cost of an item less than in the next smaller size");
        field("saved_error", self.saved_error, unit::none, "standard error of what is saved");
        field("money_per_added_item", self.money_per_added_item, unit::none,
              "cost of an item that the next smaller size does not have");
    }
    friend bool operator==(batch_figures const&, batch_figures const&) = default;
};

/// Tells what larger batches bring, by batches that ran.
///
/// Figures of a size are about its last `samples` batches, so they follow a service that changes. When more sizes come than are
/// kept, the one that has not come for longest is forgotten. `update` takes time linear in the sizes and never allocates;
/// `sizes` and `best` look at all samples. 16 bytes a sample: 66 KB by default.
/// Thread-compatible (distinct objects).
class batch_return {
  public:
    static constexpr state_kind kind{"batch_return", 1};

    /// Throws option_error.
    explicit batch_return(batch_return_options const& options = {})
        : options_{checked(options)}, rows_(options.sizes), samples_(std::size_t{options.sizes} * options.samples) {}

    batch_return_options const& options() const noexcept { return options_; }

    /// A batch of `size` items took that long on devices that cost that much money a second. What is not finite, below 0, or
    /// without items is not taken in.
    void update(std::uint64_t size, double seconds, double money_per_second) noexcept {
        double const money = seconds * money_per_second;
        if (size == 0 || !(seconds >= 0) || !(money >= 0) || !is_finite(seconds + money)) {
            return;
        }
        auto& to = row_of(size);
        samples_[first_of(to) + to.count % options_.samples] = {seconds, money};
        ++to.count;
        to.last = ++updates_;
    }

    /// The figures of all sizes, smallest first.
    std::vector<batch_figures> sizes() const {
        std::vector<batch_figures> all;
        for (auto const& each : rows_) {
            if (each.count > 0) {
                all.push_back(figures_of(each));
            }
        }
        std::sort(all.begin(), all.end(), [](auto const& a, auto const& b) { return a.size < b.size; });
        for (std::size_t i = 1; i < all.size(); ++i) {
            compare(all[i], all[i - 1]);
        }
        return all;
    }

    /// The size whose items cost least, of those with enough samples whose latency is within the bound; the smaller one of
    /// two that cost the same. Nothing when there is none.
    std::optional<batch_figures> best(double latency_bound_seconds) const {
        std::optional<batch_figures> found;
        for (auto const& each : sizes()) {
            bool const fits = each.samples >= options_.min_samples && each.latency_seconds <= latency_bound_seconds;
            if (fits && (!found || each.money_per_item < found->money_per_item)) {
                found = each;
            }
        }
        return found;
    }

    /// Reports the figures by size, in the label `batch_size`, and the currency that the prices were told in.
    void measure(measurement_sink sink, std::string_view currency) const {
        for (auto const& each : sizes()) {
            std::string const size = std::to_string(each.size);
            std::array<label, 2> const labels{{{"batch_size", size}, {"currency", currency}}};
            auto const gauge = [&](std::string_view name, unit of, double value, std::string_view help) {
                sink({name, measurement_kind::gauge, of, value, labels, help});
            };
            gauge("cost_batch_money_per_item", unit::none, each.money_per_item, "mean cost of an item by batch size");
            gauge("cost_batch_saved_money_per_item", unit::none, each.saved_per_item,
                  "cost of an item less than in the next smaller batch size");
            gauge("cost_batch_latency_seconds", unit::seconds, each.latency_seconds,
                  "high quantile of the time of a batch by its size");
        }
    }

    /// Forgets all but the options.
    void reset() { *this = batch_return{options_}; }

    void save(state_writer& out) const { save_state(out, kind, fingerprint(options_), *this); }
    std::error_code load(state_reader& in) { return load_state(in, kind, fingerprint(options_), *this); }

    static void state(auto& self, auto&& io) { io(self.rows_, self.samples_, self.updates_); }
    bool valid() const noexcept {
        bool sound = true;
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            sound = sound && rows_[i].last <= updates_ && rows_[i].count <= updates_ &&
                    (rows_[i].size == 0) == (rows_[i].count == 0);
            for (std::size_t j = 0; j < i; ++j) {
                sound = sound && (rows_[i].size == 0 || rows_[i].size != rows_[j].size);
            }
        }
        for (auto const& each : samples_) {
            sound = sound && is_finite(each.seconds + each.money) && each.seconds >= 0 && each.money >= 0;
        }
        return sound;
    }

  private:
    struct sample {
        double seconds = 0;
        double money = 0;

        static void state(auto& self, auto&& io) { io(self.seconds, self.money); }
    };
    struct row {
        std::uint64_t size = 0; // 0: free
        std::uint64_t count = 0;
        std::uint64_t last = 0; // when it was updated

        static void state(auto& self, auto&& io) { io(self.size, self.count, self.last); }
    };

    static batch_return_options const& checked(batch_return_options const& options) {
        validate(options);
        return options;
    }

    std::size_t first_of(row const& of) const noexcept {
        return static_cast<std::size_t>(&of - rows_.data()) * options_.samples;
    }

    /// The row of a size: its own, else a free one, else that which was not updated for longest.
    row& row_of(std::uint64_t size) noexcept {
        auto* oldest = &rows_.front();
        for (auto& each : rows_) {
            if (each.size == size) {
                return each;
            }
            oldest = each.last < oldest->last ? &each : oldest;
        }
        *oldest = {size, 0, 0};
        return *oldest;
    }

    batch_figures figures_of(row const& of) const {
        std::size_t const count = of.count < options_.samples ? static_cast<std::size_t>(of.count) : options_.samples;
        auto const begin = samples_.begin() + static_cast<std::ptrdiff_t>(first_of(of));
        auto const end = begin + static_cast<std::ptrdiff_t>(count);
        auto const items = static_cast<double>(of.size);
        auto const number = static_cast<double>(count);
        double money = 0;
        std::vector<double> seconds;
        for (auto at = begin; at != end; ++at) {
            money += at->money / items / number;
            seconds.push_back(at->seconds);
        }
        double squares = 0;
        double mean_seconds = 0;
        for (auto at = begin; at != end; ++at) {
            squares += (at->money / items - money) * (at->money / items - money);
            mean_seconds += at->seconds / number;
        }
        batch_figures made{of.size, count, money};
        made.money_error = count > 1 ? std::sqrt(squares / (number - 1) / number) : absent;
        made.seconds_per_item = mean_seconds / items;
        auto const rank =
            std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(options_.quantile * number - 1e-9)));
        std::nth_element(seconds.begin(), seconds.begin() + static_cast<std::ptrdiff_t>(rank - 1), seconds.end());
        made.latency_seconds = seconds[rank - 1];
        return made;
    }

    static void compare(batch_figures& larger, batch_figures const& smaller) noexcept {
        auto const a = static_cast<double>(smaller.size);
        auto const b = static_cast<double>(larger.size);
        larger.saved_per_item = smaller.money_per_item - larger.money_per_item;
        larger.saved_error =
            std::sqrt(larger.money_error * larger.money_error + smaller.money_error * smaller.money_error);
        larger.money_per_added_item = (larger.money_per_item * b - smaller.money_per_item * a) / (b - a);
    }

    batch_return_options options_;
    std::vector<row> rows_;
    std::vector<sample> samples_; // rings, row by row
    std::uint64_t updates_ = 0;
};
static_assert(saves_state<batch_return>);

} // namespace orfeas::inline v0::cost
