// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/core/hash.hpp>
#include <orfeas/memory/allocation_hint.hpp>
#include <orfeas/memory/detail/id_index.hpp>

#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <string_view>
#include <vector>

namespace orfeas::inline v0::memory {

/// Names of tags. A tag keeps its number and its name as long as the table lives; the number of tags is bounded, and
/// names beyond the bound share the tag `other_tags`, so that a tag made of a request's id does not grow without end.
/// Thread-compatible (distinct objects).
class tag_table {
  public:
    /// Holds up to `limit` tags with untagged and other_tags, 2 to 65536. Throws std::bad_alloc.
    explicit tag_table(std::size_t limit = 128) : limit_{limit} {
        ORFEAS_ASSERT(limit >= 2 && limit <= 0x10000, "a tag table holds 2 to 65536 tags");
        names_.reserve(limit); // names stay where they are
        names_.emplace_back("untagged");
        names_.emplace_back("other");
    }

    /// The tag of a name, new if need be; `untagged` for an empty one, `other_tags` when the table is full or there is no
    /// memory. Expected O(length).
    tag_id intern(std::string_view name) noexcept {
        if (name.empty()) {
            return untagged;
        }
        auto const hash = hash64(name);
        auto const found = index_.find(hash, [&](std::uint32_t id) { return names_[id] == name; });
        return {static_cast<std::uint16_t>(found != 0 ? found : add(hash, name))};
    }

    /// The name of a tag, valid as long as the table; "other" for a number that it never gave.
    std::string_view name(tag_id tag) const noexcept {
        return names_[tag.value < names_.size() ? tag.value : other_tags.value];
    }

    /// Tags so far, with the two that are always there; their numbers are 0 to size() - 1.
    std::size_t size() const noexcept { return names_.size(); }
    std::size_t limit() const noexcept { return limit_; }

  private:
    std::uint32_t add(std::uint64_t hash, std::string_view name) noexcept {
        if (names_.size() == limit_) {
            return other_tags.value;
        }
        try {
            index_.reserve_one();
            names_.emplace_back(name);
        } catch (std::bad_alloc const&) {
            return other_tags.value; // what counts memory must not fail for want of it
        }
        auto const id = static_cast<std::uint32_t>(names_.size() - 1);
        index_.insert(hash, id);
        return id;
    }

    std::size_t limit_;
    std::vector<std::string> names_;
    detail::id_index index_;
};

} // namespace orfeas::inline v0::memory
