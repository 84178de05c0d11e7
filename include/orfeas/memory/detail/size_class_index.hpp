// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/detail/extent_node.hpp>
#include <orfeas/memory/detail/size_bins.hpp>

#include <array>
#include <cstdint>

namespace orfeas::inline v0::memory::detail {

/// Free extents by size class: a two-level segregated fit (see size_bins.hpp). All calls but `largest` and the walks take
/// constant time. The most recently freed extent of a class is the first to be taken: it is the warmest.
class size_class_index {
  public:
    /// Makes room for the units [0, units) of a region: there is nothing to make.
    static void cover(std::uint32_t) noexcept {}

    void link(extent_nodes& nodes, node_index n) noexcept {
        auto const bin = size_bins::of(nodes[n].units);
        auto const head = bins_[bin];
        nodes[n].previous = nil;
        nodes[n].next = head;
        nodes[head].previous = n;
        bins_[bin] = n;
        bitmap_.set(bin);
    }

    void unlink(extent_nodes& nodes, node_index n) noexcept {
        // no branch: whether an extent is the first of its class is anyone's guess
        auto const previous = nodes[n].previous;
        auto const next = nodes[n].next;
        auto const bin = size_bins::of(nodes[n].units);
        nodes[next].previous = previous;
        *(previous != nil ? &nodes[previous].next : &bins_[bin]) = next;
        bitmap_.clear_if(bin, bins_[bin] == nil);
    }

    /// An extent of at least `units`; may miss those of the request's own class beyond the first few.
    node_index find(extent_nodes const& nodes, std::uint32_t units) const noexcept {
        auto const bin = size_bins::of(units);
        auto n = bins_[bin];
        for (int i = 0; n != nil && i < tries; n = nodes[n].next, ++i) {
            if (nodes[n].units >= units) {
                return n;
            }
        }
        return head_from(bin + 1);
    }

    /// As `find`, for extents for which `accepts(n)`, which all those of `padded` units satisfy.
    template<class Accepts>
    node_index find_padded(extent_nodes const& nodes, std::uint32_t units, std::uint32_t padded,
                           Accepts accepts) const {
        auto n = bins_[size_bins::of(units)];
        for (int i = 0; n != nil && i < tries; n = nodes[n].next, ++i) {
            if (accepts(n)) {
                return n;
            }
        }
        return find(nodes, padded);
    }

    /// An extent for which `accepts(n)`, of the smallest class of at least `units` that has one. Linear.
    template<class Accepts>
    node_index find_if(extent_nodes const& nodes, std::uint32_t units, Accepts accepts) const {
        for (auto bin = bitmap_.first_from(size_bins::of(units)); bin != bin_bitmap::none;
             bin = bitmap_.first_from(bin + 1)) {
            for (auto n = bins_[bin]; n != nil; n = nodes[n].next) {
                if (accepts(n)) {
                    return n;
                }
            }
        }
        return nil;
    }

    /// The units of the largest extent. Linear in the extents of the largest class that is in use.
    std::uint32_t largest(extent_nodes const& nodes) const noexcept {
        auto const bin = bitmap_.last();
        if (bin == bin_bitmap::none) {
            return 0;
        }
        std::uint32_t largest = 0;
        for (auto n = bins_[bin]; n != nil; n = nodes[n].next) {
            largest = largest < nodes[n].units ? nodes[n].units : largest;
            if (size_bins::exact(largest)) {
                break;
            }
        }
        return largest;
    }

    /// Calls visit(n) for each extent of at least `units`; visit may unlink n, and must not link any.
    template<class Visit>
    void for_each(extent_nodes const& nodes, std::uint32_t units, Visit visit) const {
        for (auto bin = bitmap_.first_from(size_bins::of(units)); bin != bin_bitmap::none;
             bin = bitmap_.first_from(bin + 1)) {
            for (auto n = bins_[bin]; n != nil;) {
                auto const next = nodes[n].next;
                if (nodes[n].units >= units) {
                    visit(n);
                }
                n = next;
            }
        }
    }

    /// Whether every list holds what belongs there, `expected` extents in all; for tests. Linear.
    bool consistent(extent_nodes const& nodes, std::uint64_t expected) const {
        std::uint64_t listed = 0;
        for (unsigned bin = 0; bin < size_bins::count; ++bin) {
            if (bitmap_.test(bin) != (bins_[bin] != nil)) {
                return false;
            }
            for (auto n = bins_[bin]; n != nil; n = nodes[n].next) {
                if (size_bins::of(nodes[n].units) != bin) {
                    return false;
                }
                ++listed;
            }
        }
        return listed == expected;
    }

  private:
    /// Extents of the request's own class that are tried before the next class, where every extent fits.
    static constexpr int tries = 8;

    node_index head_from(unsigned bin) const noexcept {
        auto const found = bitmap_.first_from(bin);
        return found == bin_bitmap::none ? nil : bins_[found];
    }

    std::array<node_index, size_bins::count> bins_{};
    bin_bitmap bitmap_;
};

} // namespace orfeas::inline v0::memory::detail
