// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace orfeas::inline v0::cache::detail {

/// Remembers that keys were evicted a short while ago: about the last `capacity` of them, as 16 bits of hash and 16 bits
/// of age each, in groups of eight. It forgets early where a group runs full, and takes a stranger for a key that it knows
/// about once in 8,000 questions.
/// Thread-compatible (distinct objects).
class ghost_set {
  public:
    /// How many keys are remembered from now on; forgets all. Throws std::bad_alloc; nothing has changed then.
    void resize(std::uint32_t capacity) {
        std::size_t const places = std::size_t{capacity} + capacity / 5; // so that few groups run full
        groups_ = std::vector<group>(places / group_size + 1);
        capacity_ = capacity;
        additions_a_tick_ = capacity / most_life + 1;
        life_ = static_cast<std::uint16_t>(capacity / additions_a_tick_);
        until_tick_ = additions_a_tick_;
    }

    std::uint32_t capacity() const noexcept { return capacity_; }

    /// Remembers a key; in a full group in place of the oldest.
    void add(std::uint64_t hash) noexcept {
        if (capacity_ == 0) {
            return;
        }
        if (--until_tick_ == 0) {
            until_tick_ = additions_a_tick_;
            ++now_;
        }
        group& places = group_of(hash);
        place* oldest = &places.front();
        for (place& each : places) {
            if (age(each) > age(*oldest)) {
                oldest = &each;
            }
        }
        *oldest = {fingerprint(hash), now_};
    }

    /// Whether a key is remembered; it is forgotten by this question.
    bool take(std::uint64_t hash) noexcept {
        if (capacity_ == 0) {
            return false;
        }
        for (place& each : group_of(hash)) {
            if (each.fingerprint == fingerprint(hash)) {
                bool const recent = age(each) <= life_;
                each.fingerprint = 0;
                return recent;
            }
        }
        return false;
    }

    void prefetch(std::uint64_t hash) const noexcept {
        if (capacity_ != 0) {
            __builtin_prefetch(&groups_[index_of(hash)]);
        }
    }

  private:
    static constexpr std::size_t group_size = 8;
    static constexpr std::uint32_t most_life = 4096; // ticks that a memory lives; few of them beside what 16 bits hold

    struct place {
        std::uint16_t fingerprint = 0; // 0: empty
        std::uint16_t added = 0;
    };
    using group = std::array<place, group_size>;

    static std::uint16_t fingerprint(std::uint64_t hash) noexcept {
        auto const bits = static_cast<std::uint16_t>(hash >> 40U);
        return bits == 0 ? std::uint16_t{1} : bits;
    }

    std::size_t index_of(std::uint64_t hash) const noexcept {
        return static_cast<std::size_t>((hash & 0xffffffffU) * groups_.size() >> 32U);
    }
    group& group_of(std::uint64_t hash) noexcept { return groups_[index_of(hash)]; }

    std::uint32_t age(place const& each) const noexcept {
        return each.fingerprint == 0 ? 0x1'0000U : static_cast<std::uint16_t>(now_ - each.added);
    }

    std::uint32_t capacity_ = 0;
    std::uint32_t additions_a_tick_ = 1;
    std::uint32_t until_tick_ = 1;
    std::uint16_t life_ = 0; // in ticks
    std::uint16_t now_ = 0;
    std::vector<group> groups_;
};

} // namespace orfeas::inline v0::cache::detail
