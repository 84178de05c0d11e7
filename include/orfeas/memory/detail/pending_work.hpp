// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/detail/address_book.hpp>
#include <orfeas/memory/detail/null_streams.hpp>
#include <orfeas/memory/stream_ref.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace orfeas::inline v0::memory::detail {

/// Which bytes the work uses that streams have not finished: what must not be mapped away, and what another stream must
/// not touch unless it waits. Not for several threads.
class pending_work {
  public:
    using pieces = std::vector<address_book::piece>;

    /// Work that is submitted to the stream now. Answers a sentence when other work that uses the same memory may run at
    /// the same time; empty when there is none.
    std::string submit(null_streams& streams, stream_ref to, std::uintptr_t address, std::uint64_t bytes,
                       pieces where) {
        drop_finished(streams);
        auto const conflict = find_conflict(streams, to, where);
        auto const when = streams.submit(to);
        if (!streams.reached(when)) {
            uses_.push_back({when, address, bytes, std::move(where)});
        }
        return conflict;
    }

    /// Whether unfinished work uses an address of the range.
    bool uses(null_streams const& streams, std::uintptr_t address, std::uint64_t bytes) {
        drop_finished(streams);
        for (auto const& each : uses_) {
            if (each.address < address + bytes && address < each.address + each.bytes) {
                return true;
            }
        }
        return false;
    }

  private:
    struct use {
        null_streams::point when;
        std::uintptr_t address;
        std::uint64_t bytes;
        pieces where;
    };

    void drop_finished(null_streams const& streams) {
        std::erase_if(uses_, [&streams](use const& each) { return streams.reached(each.when); });
    }

    std::string find_conflict(null_streams const& streams, stream_ref to, pieces const& where) const {
        for (auto const& each : uses_) {
            if (meet(each.where, where) && !streams.is_after(to, each.when)) {
                return "work of another stream that uses the same memory may run at the same time: wait for its fence";
            }
        }
        return {};
    }

    static bool meet(pieces const& a, pieces const& b) {
        for (auto const& one : a) {
            for (auto const& other : b) {
                if (one.meets(other)) {
                    return true;
                }
            }
        }
        return false;
    }

    std::vector<use> uses_;
};

} // namespace orfeas::inline v0::memory::detail
