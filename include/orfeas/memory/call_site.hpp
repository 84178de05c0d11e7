// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/core/hash.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/memory/allocation_hint.hpp>
#include <orfeas/memory/detail/heap_sort.hpp>
#include <orfeas/memory/detail/id_index.hpp>

#include <cstddef>
#include <cstdint>
#include <new>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

namespace orfeas::inline v0::memory {

/// A place in the source and what its allocations hold.
struct call_site_profile {
    std::uint32_t site = 0;
    std::string file{};
    std::uint32_t line = 0;
    std::string function{};
    std::uint64_t current_bytes = 0;     ///< held by live allocations
    std::uint64_t allocations = 0;       ///< live allocations
    std::uint64_t allocations_total = 0; ///< all that ever were

    static void fields(auto& self, auto&& field) {
        field("site", self.site, unit::none, "number of the call site");
        field("file", self.file, unit::none, "source file");
        field("line", self.line, unit::none, "line in it");
        field("function", self.function, unit::none, "function around it");
        field("current_bytes", self.current_bytes, unit::bytes, "held by live allocations");
        field("allocations", self.allocations, unit::none, "live allocations");
        field("allocations_total", self.allocations_total, unit::none, "allocations so far");
    }
};

/// Numbers the places that ask for memory and keeps an account of each; no stack is walked. A place is known again by the
/// addresses of its texts, and for the first time in a translation unit by their content. Places of a library that is
/// unloaded must not be asked for afterwards.
/// Thread-compatible (distinct objects).
class call_site_table {
  public:
    /// Holds up to `limit` places with the two that are always there; beyond, all are other_sites. Throws std::bad_alloc.
    explicit call_site_table(std::size_t limit = 4096) : limit_{limit}, seen_(1) {
        ORFEAS_ASSERT(limit >= 2, "a call-site table holds unknown and other");
        sites_.resize(2);
        sites_[0].file = "unknown";
        sites_[1].file = "other";
    }

    /// The number of a place, new if need be; other_sites when the table is full or there is no memory. Expected O(1),
    /// linear in the texts when this copy of them was not seen before.
    call_site_id intern(std::source_location const& place) noexcept {
        key const wanted{place.file_name(), place.function_name(), place.line(), place.column()};
        auto const hash = wanted.hash();
        auto const seen = copies_.find(hash, [&](std::uint32_t at) { return seen_[at].place == wanted; });
        return {seen != 0 ? seen_[seen].site : add_copy(hash, wanted)};
    }

    void on_allocate(call_site_id site, std::uint64_t bytes) noexcept {
        auto& each = sites_[index(site)];
        each.current_bytes += bytes;
        ++each.allocated;
    }

    void on_deallocate(call_site_id site, std::uint64_t bytes) noexcept {
        auto& each = sites_[index(site)];
        each.current_bytes -= bytes;
        ++each.deallocated;
    }

    call_site_profile profile(call_site_id site) const {
        auto const& each = sites_[index(site)];
        return {.site = site.value,
                .file = each.file,
                .line = each.line,
                .function = each.function,
                .current_bytes = each.current_bytes,
                .allocations = each.allocated - each.deallocated,
                .allocations_total = each.allocated};
    }

    /// The places that ever allocated, the one that holds most first. O(s log s) in the places.
    std::vector<call_site_profile> profiles() const {
        std::vector<call_site_profile> result;
        for (std::uint32_t site = 0; site < sites_.size(); ++site) {
            if (sites_[site].allocated > 0) {
                result.push_back(profile({site}));
            }
        }
        detail::heap_sort(result, [](call_site_profile const& a, call_site_profile const& b) {
            return a.current_bytes != b.current_bytes ? a.current_bytes > b.current_bytes : a.site < b.site;
        });
        return result;
    }

    /// Places so far, with the two that are always there; their numbers are 0 to size() - 1.
    std::size_t size() const noexcept { return sites_.size(); }
    std::size_t limit() const noexcept { return limit_; }

  private:
    struct key {
        char const* file = "";
        char const* function = "";
        std::uint32_t line = 0;
        std::uint32_t column = 0;

        std::uint64_t position() const noexcept { return std::uint64_t{line} << 32U | column; }

        std::uint64_t hash() const noexcept {
            auto const file_at = reinterpret_cast<std::uintptr_t>(file);
            auto const function_at = reinterpret_cast<std::uintptr_t>(function);
            return mix64(mix64(file_at ^ position()) ^ function_at);
        }

        std::uint64_t content_hash() const noexcept {
            return mix64(hash64(std::string_view{file}, hash64(std::string_view{function})) ^ position());
        }

        bool same_content(key const& other) const noexcept {
            return position() == other.position() && std::string_view{file} == other.file &&
                   std::string_view{function} == other.function;
        }

        friend bool operator==(key const&, key const&) = default; // by address
    };

    struct account {
        char const* file = "";
        char const* function = "";
        std::uint32_t line = 0;
        std::uint32_t column = 0;
        std::uint64_t current_bytes = 0;
        std::uint64_t allocated = 0;
        std::uint64_t deallocated = 0;
    };

    struct copy {
        key place{};
        std::uint32_t site = 0;
    };

    std::size_t index(call_site_id site) const noexcept {
        return site.value < sites_.size() ? site.value : other_sites.value;
    }

    std::uint32_t add_copy(std::uint64_t hash, key const& place) noexcept {
        try {
            auto const site = site_of(place);
            if (seen_.size() < 4 * limit_) { // beyond, copies are told by their content each time: a bound on them too
                copies_.reserve_one();
                seen_.push_back({place, site});
                copies_.insert(hash, static_cast<std::uint32_t>(seen_.size() - 1));
            }
            return site;
        } catch (std::bad_alloc const&) {
            return other_sites.value; // what counts memory must not fail for want of it
        }
    }

    std::uint32_t site_of(key const& place) {
        auto const hash = place.content_hash();
        auto const known = contents_.find(hash, [&](std::uint32_t site) {
            auto const& each = sites_[site];
            return key{each.file, each.function, each.line, each.column}.same_content(place);
        });
        if (known != 0 || sites_.size() == limit_) {
            return known != 0 ? known : other_sites.value;
        }
        contents_.reserve_one();
        sites_.push_back({.file = place.file, .function = place.function, .line = place.line, .column = place.column});
        contents_.insert(hash, static_cast<std::uint32_t>(sites_.size() - 1));
        return static_cast<std::uint32_t>(sites_.size() - 1);
    }

    std::size_t limit_;
    std::vector<account> sites_;
    std::vector<copy> seen_; // places by the addresses of their texts, from 1 on; several may name one site
    detail::id_index copies_;
    detail::id_index contents_;
};

} // namespace orfeas::inline v0::memory
