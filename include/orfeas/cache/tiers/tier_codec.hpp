// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/envelope.hpp>
#include <orfeas/cache/tiers/tier_entry.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/hash.hpp>
#include <orfeas/core/stable_hash.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cache::detail {

/// Entries as envelopes and back, and the times that go with them.
/// Thread-safe.
template<class Value, class Codec, clock Clock>
class tier_codec {
  public:
    using entry = tier_entry<Value>;

    /// Values are of use for `stale_time` after their time, and live shorter by up to the share `jitter`.
    tier_codec(Codec codec, Clock clock, std::chrono::nanoseconds stale_time, double jitter)
        : codec_{std::move(codec)}, clock_{std::move(clock)}, stale_time_{stale_time}, jitter_{jitter} {}

    std::string encode(entry const& made) const {
        envelope_header header;
        header.flags = made.value ? envelope_flags::none : envelope_flags::negative;
        header.created = clock_.wall_now();
        header.soft_deadline = later(header.created, made.time_left);
        header.hard_deadline = later(header.soft_deadline, stale_time_);
        if (made.tags != nullptr) {
            header.tags = *made.tags;
        }
        std::string bytes;
        envelope_writer writer{bytes, header};
        if (made.value) {
            codec_.encode(*made.value, bytes);
        }
        writer.finish();
        return bytes;
    }

    /// What an envelope holds, with its tags as they were; a stale value has no time left. Nothing for an erasure, for one
    /// whose time is over, and for one that cannot be read, which is counted.
    std::optional<entry> decode(envelope_view const& envelope) {
        auto const now = clock_.wall_now();
        if (!envelope.valid()) {
            return reject();
        }
        if (has_flags(envelope.flags(), envelope_flags::erased) || envelope.hard_deadline() <= now) {
            return std::nullopt;
        }
        entry made;
        made.time_left = envelope.soft_deadline() == wall_time::max() ? std::chrono::nanoseconds::max()
                                                                      : envelope.soft_deadline() - now;
        if (!has_flags(envelope.flags(), envelope_flags::negative)) {
            if (has_flags(envelope.flags(), envelope_flags::compressed)) { // this one's codec compresses, or nobody
                return reject();
            }
            made.value = codec_.decode(envelope.payload());
            if (!made.value) {
                return reject();
            }
        }
        made.tags = tags_of(envelope);
        return made;
    }

    /// What stands for an erasure. No two are alike, so that a load that saw one is not stored over the next.
    std::string tombstone() {
        envelope_header header;
        header.flags = envelope_flags::erased;
        header.created = clock_.wall_now();
        auto const unique = mix64(seed_ ^ tombstones_.fetch_add(1, std::memory_order_relaxed));
        std::string bytes;
        append_envelope(bytes, header, {reinterpret_cast<char const*>(&unique), sizeof unique});
        return bytes;
    }

    /// How long a server keeps an entry.
    std::chrono::nanoseconds life_of(entry const& made) const noexcept {
        constexpr auto most = std::chrono::nanoseconds::max(); // 292 years, which PX takes
        return made.time_left >= most - stale_time_ ? most : made.time_left + stale_time_;
    }

    /// A time from which a random part is taken, so that what was stored together does not end together.
    std::chrono::nanoseconds jittered(std::chrono::nanoseconds ttl, std::string_view key) const noexcept {
        auto const now = static_cast<std::uint64_t>(clock_.wall_now().time_since_epoch().count());
        auto const random = static_cast<double>(mix64(stable_hash64(key) ^ now) >> 11U) * 0x1p-53;
        auto const part = static_cast<double>(ttl.count()) * jitter_ * random;
        return ttl - std::chrono::nanoseconds{static_cast<std::int64_t>(part)};
    }

    /// Envelopes that were damaged, foreign, of another version, or held something else than a value.
    std::uint64_t rejected() const noexcept { return rejected_.load(std::memory_order_relaxed); }

  private:
    static wall_time later(wall_time from, std::chrono::nanoseconds wait) noexcept {
        return wait >= wall_time::max() - from ? wall_time::max()
                                               : from + std::chrono::duration_cast<wall_time::duration>(wait);
    }

    static tag_stamps tags_of(envelope_view const& envelope) {
        if (envelope.tag_count() == 0) {
            return nullptr;
        }
        std::vector<tag_stamp> stamps(envelope.tag_count());
        for (std::size_t i = 0; i < stamps.size(); ++i) {
            stamps[i] = envelope.tag(i);
        }
        return std::make_shared<std::vector<tag_stamp> const>(std::move(stamps));
    }

    std::nullopt_t reject() noexcept {
        rejected_.fetch_add(1, std::memory_order_relaxed);
        return std::nullopt;
    }

    Codec codec_;
    Clock clock_;
    std::chrono::nanoseconds stale_time_;
    double jitter_;
    std::uint64_t seed_ = random_seed();
    std::atomic<std::uint64_t> tombstones_{0};
    std::atomic<std::uint64_t> rejected_{0};
};

} // namespace orfeas::inline v0::cache::detail
