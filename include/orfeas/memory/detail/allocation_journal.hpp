// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/call_site.hpp>
#include <orfeas/memory/detail/allocation_table.hpp>
#include <orfeas/memory/detail/tag_accounts.hpp>
#include <orfeas/memory/event_ring.hpp>
#include <orfeas/memory/pool_options.hpp>
#include <orfeas/memory/tag.hpp>
#include <orfeas/memory/tag_profile.hpp>

#include <cstddef>
#include <cstdint>
#include <source_location>
#include <vector>

namespace orfeas::inline v0::memory::detail {

/// What a pool writes down about its allocations: always who holds how much, by tag; and if it keeps events, also when, by
/// call site, and for how long. Thread-compatible (distinct objects); allocates nothing but for new call sites.
class allocation_journal {
  public:
    explicit allocation_journal(pool_options const& options)
        : tags_{static_cast<std::size_t>(options.tag_limit)},
          accounts_{static_cast<std::size_t>(options.tag_limit)},
          events_{static_cast<std::size_t>(options.event_capacity)},
          timed_{options.event_capacity > 0} {}

    /// Whether the times of events are wanted: reading the clock costs more than all else here.
    bool timed() const noexcept { return timed_; }

    tag_id tag(std::string_view name) noexcept { return tags_.intern(name); }
    call_site_id site(std::source_location const& place) noexcept { return sites_.intern(place); }

    void on_allocate(allocation const& a, std::uint64_t bytes, std::uint8_t stream) noexcept {
        accounts_.on_allocate({a.tag}, bytes);
        if (timed_) {
            sites_.on_allocate({a.site}, bytes);
            events_.push({.time_ns = a.allocated_ns,
                          .address = a.address,
                          .bytes = bytes,
                          .related = bytes - a.rounding,
                          .site = a.site,
                          .tag = a.tag,
                          .stream = stream,
                          .kind = event_kind::allocate});
        }
    }

    void on_deallocate(allocation const& a, std::uint64_t bytes, std::uint8_t stream, std::uint64_t now_ns) noexcept {
        if (!timed_) {
            accounts_.on_deallocate({a.tag}, bytes);
            return;
        }
        accounts_.on_deallocate({a.tag}, bytes, now_ns - a.allocated_ns);
        sites_.on_deallocate({a.site}, bytes);
        events_.push({.time_ns = now_ns,
                      .address = a.address,
                      .bytes = bytes,
                      .related = bytes - a.rounding,
                      .site = a.site,
                      .tag = a.tag,
                      .stream = stream,
                      .kind = event_kind::deallocate});
    }

    /// Writes down something that is no allocation.
    void on_event(event_kind kind, std::uint64_t bytes, std::uint64_t related, std::uint64_t now_ns) noexcept {
        if (timed_) {
            events_.push({.time_ns = now_ns, .bytes = bytes, .related = related, .kind = kind});
        }
    }

    /// Writes down what was done to memory as it was noted when it was done.
    void on_mapping(allocation_event event, std::uint64_t now_ns) noexcept {
        event.time_ns = now_ns;
        events_.push(event);
    }

    top_tags top() const noexcept { return accounts_.top(tags_); }
    std::vector<tag_profile> tags() const { return accounts_.profiles(tags_); }
    std::vector<call_site_profile> sites() const { return sites_.profiles(); }
    event_ring const& events() const noexcept { return events_; }

  private:
    tag_table tags_;
    tag_accounts accounts_;
    call_site_table sites_;
    event_ring events_;
    bool timed_;
};

} // namespace orfeas::inline v0::memory::detail
