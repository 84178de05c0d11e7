// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/envelope.hpp>
#include <orfeas/cache/local.hpp>
#include <orfeas/cache/tiers/origin.hpp>
#include <orfeas/core/clock.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cache::detail {

/// What is known of the generations of tags. A generation is a time in microseconds, or one more than the last where the
/// clock did not move: a tag that was forgotten never comes back with an old one. Bounded: of many tags the rarely used
/// are forgotten, which costs the entries that bear them.
/// Thread-safe.
class tag_table {
  public:
    explicit tag_table(node_epochs const& epochs)
        : epochs_{epochs}, known_{options(), [](auto, auto&) { return 1U; }} {}

    /// The generation of a tag (its hash), if it is known and its server watches over it.
    std::optional<std::uint64_t> find(std::uint64_t tag) const {
        auto const found = known_.get(tag);
        return found && epochs_.is_current(found->from) ? std::optional{found->generation} : std::nullopt;
    }

    bool are_current(std::vector<tag_stamp> const& stamps) const {
        for (auto const& stamp : stamps) {
            if (find(stamp.tag) != stamp.generation) {
                return false;
            }
        }
        return true;
    }

    /// Before a tag's generation is asked for elsewhere: what `learn` needs.
    fill_token begin(std::uint64_t tag) const { return known_.begin_fill(tag); }

    /// Notes what was asked for, unless the tag moved on meanwhile.
    void learn(fill_token token, std::uint64_t tag, std::uint64_t generation, origin from) {
        known_.fill(token, tag, known{generation, from});
    }

    /// The tag has moved on, elsewhere.
    void forget(std::uint64_t tag) { known_.erase(tag); }

    /// Moves a tag on that nobody else knows; gives its new generation.
    std::uint64_t advance(std::uint64_t tag, wall_time now) {
        auto const last = find(tag);
        auto const time = microseconds(now);
        auto const next = last && *last >= time ? *last + 1 : time;
        known_.put(tag, known{next, {}});
        return next;
    }

    static std::uint64_t microseconds(wall_time t) noexcept {
        return static_cast<std::uint64_t>(std::chrono::floor<std::chrono::microseconds>(t.time_since_epoch()).count());
    }

  private:
    struct known {
        std::uint64_t generation;
        origin from;
    };

    static local_options options() {
        local_options made;
        made.capacity_bytes = 1U << 16U; // tags
        made.ttl = std::chrono::hours{24 * 36500};
        made.shards = 4;
        return made;
    }

    node_epochs const& epochs_;
    mutable local<std::uint64_t, known> known_; // a lookup counts
};

} // namespace orfeas::inline v0::cache::detail
