// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/hash.hpp>

#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace orfeas::inline v0::cache::detail {

/// The writes of this process that are on their way to a server, by key. Whether what was written may be kept here is
/// decided when the answer is there: not if the key was changed by others meanwhile, and not if two writes of one key were
/// under way at a time, whose answers may be dealt with in another order than the server's.
/// Thread-safe.
template<class Key>
class own_writes {
  public:
    /// A write under way, from its construction on. The table outlives it.
    class write {
      public:
        write(own_writes& table, Key key) : table_{table}, key_{std::move(key)} {
            std::scoped_lock const hold{table_.mutex_};
            auto& of = table_.under_way_[key_];
            overlaps_ = of.writes++ > 0;
            of.changes += overlaps_ ? 1U : 0U;
            changes_ = of.changes;
        }
        write(write const&) = delete;
        write& operator=(write const&) = delete;
        ~write() {
            std::scoped_lock const hold{table_.mutex_};
            auto const found = table_.under_way_.find(key_);
            if (--found->second.writes == 0) {
                table_.under_way_.erase(found);
            }
        }

        /// Calls `keep()` if nothing else has happened to the key, and before anything else can; gives what it gives, else
        /// false. `keep` does not use the table.
        template<class Keep>
        bool if_alone(Keep keep) const {
            std::scoped_lock const hold{table_.mutex_};
            bool const is_alone = !overlaps_ && table_.under_way_.find(key_)->second.changes == changes_;
            return is_alone && keep();
        }

      private:
        own_writes& table_;
        Key key_;
        bool overlaps_ = false;
        std::uint64_t changes_ = 0;
    };

    /// The key was changed by someone else. Before what is kept of it is removed.
    void note_change(Key const& key) {
        std::scoped_lock const hold{mutex_};
        if (auto const found = under_way_.find(key); found != under_way_.end()) {
            ++found->second.changes;
        }
    }

    /// All keys may have been changed. Linear in the writes under way.
    void note_change_of_all() {
        std::scoped_lock const hold{mutex_};
        for (auto& each : under_way_) {
            ++each.second.changes;
        }
    }

    /// Whether a write of the key is under way: what is read meanwhile may or may not be older.
    bool concern(Key const& key) const {
        std::scoped_lock const hold{mutex_};
        return under_way_.find(key) != under_way_.end();
    }

  private:
    struct state {
        std::uint32_t writes = 0;
        std::uint64_t changes = 0;
    };

    mutable std::mutex mutex_;
    std::unordered_map<Key, state, hasher<Key>> under_way_{0, hasher<Key>{random_seed()}};
};

} // namespace orfeas::inline v0::cache::detail
