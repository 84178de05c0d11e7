// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/core/stable_hash.hpp>
#include <orfeas/core/state.hpp>
#include <orfeas/detect/any_detector.hpp>
#include <orfeas/detect/concepts.hpp>
#include <orfeas/detect/detail/verdict_merger.hpp>
#include <orfeas/detect/sample.hpp>
#include <orfeas/detect/verdict.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace orfeas::inline v0::detect {

/// What `pipeline` is, put together at run time: named detectors of the same stream whose verdicts become one.
///
///     detect::detector_list judge;
///     judge.add("outlier", detect::outlier_detector{});
///
/// Without a detector, every sample is judged as warming. No allocation but in `add`, `save` and `load`.
/// Thread-compatible (distinct objects).
template<class Sample>
class basic_detector_list {
  public:
    static constexpr state_kind kind{"detector_list", 1};

    struct entry {
        std::string name;
        basic_any_detector<Sample> judge;
        verdict last{}; ///< what it said of the last sample; not a part of the saved state
    };

    /// Adds a detector. Throws std::invalid_argument for a name that there is already.
    void add(std::string name, basic_any_detector<Sample> judge) {
        bool const is_known =
            std::any_of(entries_.begin(), entries_.end(), [&](entry const& each) { return each.name == name; });
        if (is_known) {
            throw std::invalid_argument{"detector_list: there is a detector '" + name + "' already"};
        }
        verdicts_.reserve(entries_.size() + 1);
        entries_.push_back({std::move(name), std::move(judge)});
    }

    /// The detectors in the order in which they were added, with their last verdicts.
    std::span<entry const> entries() const noexcept { return entries_; }

    verdict update(Sample const& each) {
        if (entries_.empty()) {
            return {};
        }
        verdicts_.clear();
        for (entry& part : entries_) {
            part.last = part.judge.update(each);
            verdicts_.push_back(part.last);
        }
        return merger_.merge(verdicts_);
    }

    /// Whether any detector can raise an alert.
    bool warm() const noexcept {
        return std::any_of(entries_.begin(), entries_.end(), [](entry const& each) { return each.judge.warm(); });
    }

    void reset() {
        for (entry& each : entries_) {
            each.judge.reset();
            each.last = {};
        }
        merger_.reset();
    }

    void save(state_writer& out) const {
        save_state(out, kind, names(), merger_);
        for (entry const& each : entries_) {
            each.judge.save(out);
        }
    }

    /// Takes up the state of a list of the same names in the same order.
    std::error_code load(state_reader& in) {
        auto loaded = *this;
        auto from = in; // moves on only if all is well
        auto refused = load_state(from, kind, names(), loaded.merger_);
        for (entry& each : loaded.entries_) {
            refused = refused ? refused : each.judge.load(from);
        }
        if (!refused) {
            *this = std::move(loaded);
            in = from;
        }
        return refused;
    }

  private:
    std::uint64_t names() const {
        std::string all;
        for (entry const& each : entries_) {
            all.append(each.name).push_back('\0');
        }
        return stable_hash64(std::string_view{all});
    }

    std::vector<entry> entries_;
    std::vector<verdict> verdicts_; // of the last sample
    detail::verdict_merger merger_;
};

using detector_list = basic_detector_list<sample>;
using vector_detector_list = basic_detector_list<vector_sample>;
static_assert(detector<detector_list>);
static_assert(vector_detector<vector_detector_list>);

} // namespace orfeas::inline v0::detect
