// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/concepts.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace orfeas::inline v0::memory::detail {

/// What is reserved, created, mapped and allocated on a device, held against the contract of `vmm_backend`. Each call
/// answers a sentence that says what is wrong with it, and then changes nothing; empty when it is right.
/// Not for several threads.
class address_book {
  public:
    void reserved(std::uintptr_t address, std::uint64_t bytes) { reservations_.emplace(address, bytes); }

    std::string release(std::uintptr_t address, std::uint64_t bytes) {
        auto const found = reservations_.find(address);
        if (found == reservations_.end() || found->second != bytes) {
            return range(address, bytes) + " is no reservation: release one as a whole, and once";
        }
        if (auto const mapped = first_mapping(address, bytes); mapped != mappings_.end()) {
            return range(address, bytes) + " still has a mapping at " + hex(mapped->first) + ": unmap it first";
        }
        reservations_.erase(found);
        return {};
    }

    void created(physical_memory memory, std::uint64_t bytes) { handles_.emplace(memory.value, handle{bytes, 0}); }

    std::string destroy(physical_memory memory, std::uint64_t bytes) {
        auto const found = handles_.find(memory.value);
        if (found == handles_.end()) {
            return named(memory) + " does not exist: destroy what was created, and once";
        }
        if (auto wrong = wrong_size(memory, found->second, bytes); !wrong.empty()) {
            return wrong;
        }
        if (found->second.mappings != 0) {
            return named(memory) + " is still mapped " + std::to_string(found->second.mappings) +
                   " times: unmap it first";
        }
        handles_.erase(found);
        return {};
    }

    std::string map(std::uintptr_t address, std::uint64_t bytes, physical_memory memory) {
        auto const found = handles_.find(memory.value);
        if (found == handles_.end()) {
            return named(memory) + " does not exist: map what was created and not destroyed";
        }
        if (auto wrong = wrong_size(memory, found->second, bytes); !wrong.empty()) {
            return wrong;
        }
        if (!inside_reservation(address, bytes)) {
            return range(address, bytes) + " is not reserved: map inside of one reservation";
        }
        auto const next = first_mapping(address, bytes);
        if (next != mappings_.end()) {
            return range(address, bytes) + " meets the mapping at " + hex(next->first) + ": unmap that first";
        }
        mappings_.emplace_hint(next, address, mapping{bytes, memory, false});
        ++found->second.mappings;
        return {};
    }

    std::string allow_access(std::uintptr_t address, std::uint64_t bytes) {
        auto const first = mappings_.find(address);
        auto covered = address;
        auto last = first;
        for (; last != mappings_.end() && last->first == covered && covered < address + bytes; ++last) {
            covered += last->second.bytes;
        }
        if (covered != address + bytes) {
            return range(address, bytes) + " is no run of whole mappings: allow access to what is mapped";
        }
        for (auto each = first; each != last; ++each) {
            each->second.accessible = true;
        }
        return {};
    }

    std::string unmap(std::uintptr_t address, std::uint64_t bytes) {
        auto const found = mappings_.find(address);
        if (found == mappings_.end() || found->second.bytes != bytes) {
            return range(address, bytes) + " is no mapping: unmap one as a whole, and once";
        }
        --handles_.at(found->second.memory.value).mappings;
        mappings_.erase(found);
        return {};
    }

    void allocated(std::uintptr_t address, std::uint64_t bytes) { plain_.emplace(address, bytes); }

    std::string deallocate(std::uintptr_t address, std::uint64_t bytes) {
        auto const found = plain_.find(address);
        if (found == plain_.end() || found->second != bytes) {
            return range(address, bytes) + " is not allocated: deallocate what was allocated, as a whole and once";
        }
        plain_.erase(found);
        return {};
    }

    /// Bytes of physical memory; of plain memory, which has no handle, by address.
    struct piece {
        physical_memory memory;
        std::uint64_t begin = 0;
        std::uint64_t end = 0;

        bool meets(piece const& other) const noexcept {
            return memory == other.memory && begin < other.end && other.begin < end;
        }
    };

    /// A read or write of these bytes by anyone. Adds to `pieces` what lies behind them.
    std::string touch(std::uintptr_t address, std::uint64_t bytes, std::vector<piece>* pieces = nullptr) const {
        if (bytes == 0) {
            return {};
        }
        if (inside(plain_, address, bytes)) {
            if (pieces != nullptr) {
                pieces->push_back({{}, address, address + bytes});
            }
            return {};
        }
        auto each = mappings_.upper_bound(address);
        if (each != mappings_.begin()) {
            --each;
        }
        auto at = address;
        for (; at < address + bytes; ++each) {
            if (each == mappings_.end() || each->first > at || each->first + each->second.bytes <= at) {
                return hex(at) + ", in " + range(address, bytes) + ", has no memory";
            }
            if (!each->second.accessible) {
                return hex(at) + ", in " + range(address, bytes) + ", is mapped, but access was never allowed";
            }
            auto const end = std::min(each->first + each->second.bytes, address + bytes);
            if (pieces != nullptr) {
                pieces->push_back({each->second.memory, at - each->first, end - each->first});
            }
            at = end;
        }
        return {};
    }

  private:
    struct handle {
        std::uint64_t bytes;
        std::uint64_t mappings;
    };

    struct mapping {
        std::uint64_t bytes;
        physical_memory memory;
        bool accessible;
    };

    using ranges = std::map<std::uintptr_t, std::uint64_t>;
    using mappings = std::map<std::uintptr_t, mapping>;

    static bool inside(ranges const& all, std::uintptr_t address, std::uint64_t bytes) {
        auto after = all.upper_bound(address);
        if (after == all.begin()) {
            return false;
        }
        auto const& [begin, size] = *std::prev(after);
        return address - begin < size && bytes <= size - (address - begin);
    }

    bool inside_reservation(std::uintptr_t address, std::uint64_t bytes) const {
        return inside(reservations_, address, bytes);
    }

    /// The first mapping that has a byte in the range, else end().
    mappings::const_iterator first_mapping(std::uintptr_t address, std::uint64_t bytes) const {
        auto each = mappings_.upper_bound(address);
        if (each != mappings_.begin() && std::prev(each)->first + std::prev(each)->second.bytes > address) {
            return std::prev(each);
        }
        return each != mappings_.end() && each->first - address < bytes ? each : mappings_.end();
    }

    static std::string hex(std::uintptr_t address) {
        char text[24];
        std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(address));
        return text;
    }
    static std::string range(std::uintptr_t address, std::uint64_t bytes) {
        return format_bytes(bytes) + " at " + hex(address);
    }
    static std::string named(physical_memory memory) { return "physical memory " + std::to_string(memory.value); }
    static std::string wrong_size(physical_memory memory, handle const& found, std::uint64_t bytes) {
        return found.bytes == bytes ? std::string{}
                                    : named(memory) + " has " + format_bytes(found.bytes) + ", not " +
                                          format_bytes(bytes) + ": it is dealt with as a whole";
    }

    ranges reservations_;
    ranges plain_;
    mappings mappings_;
    std::unordered_map<std::uint64_t, handle> handles_;
};

} // namespace orfeas::inline v0::memory::detail
