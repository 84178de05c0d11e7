// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/detail/entry_list.hpp>
#include <orfeas/cache/detail/entry_marks.hpp>
#include <orfeas/cache/detail/reader_cells.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace orfeas::inline v0::cache::detail {

/// Keeps keys and values in nodes on the heap, which do not change. A reader says in its cell which node it looks at, and
/// a node is destroyed only when nobody looks at it (hazard pointers; Michael, "Hazard pointers", 2004).
template<class Key, class Value>
struct node_store {
    static constexpr bool pins = true; ///< a reader keeps the node by its cell

    struct node {
        std::uint64_t hash;
        Key key;
        std::optional<Value> value; // empty: the key is known to have none
        node* next = nullptr;       // among those that were removed
    };

    using pending = std::unique_ptr<node>;

    static pending prepare(std::uint64_t hash, Key&& key, std::optional<Value>&& value) {
        return std::make_unique<node>(node{hash, std::move(key), std::move(value)});
    }

    static Key const& key_of(pending const& added) noexcept { return added->key; }
    static Value const* value_of(pending const& added) noexcept { return added->value ? &*added->value : nullptr; }

    struct entry {
        std::atomic<node*> held{nullptr};
        entry_marks marks;
        entry_link link;
    };

    /// Nodes that left their entries and are not yet destroyed: that is done outside the locks.
    class removed {
      public:
        removed() = default;
        removed(removed const&) = delete;
        removed& operator=(removed const&) = delete;
        ~removed() {
            while (first_ != nullptr) {
                std::unique_ptr<node> const last{std::exchange(first_, first_->next)};
            }
        }

        void push(node* left) noexcept {
            if (left != nullptr) {
                left->next = std::exchange(first_, left);
            }
        }

        /// Leaves here only what nobody looks at any more; the others go to `waiting`, from which those come that nobody
        /// looks at by now.
        void bury(removed& waiting, reader_cells const& readers) noexcept {
            removed all;
            for (removed* each : {this, &waiting}) {
                while (each->first_ != nullptr) {
                    all.push(std::exchange(each->first_, each->first_->next));
                }
            }
            while (all.first_ != nullptr) {
                node* const next = all.first_->next;
                (readers.anyone_looks_at(all.first_) ? waiting : *this).push(all.first_);
                all.first_ = next;
            }
        }

      private:
        node* first_ = nullptr;
    };

    /// What a reader has found; nothing when the entry changes at that moment.
    class view {
      public:
        view() = default;
        explicit view(node const* held) noexcept : held_{held} {}
        explicit operator bool() const noexcept { return held_ != nullptr; }
        Key const& key() const noexcept { return held_->key; }

        /// Calls `use(value or null)`.
        template<class Use>
        decltype(auto) show(Use&& use) const {
            return use(held_->value ? &*held_->value : nullptr);
        }

      private:
        node const* held_ = nullptr;
    };

    /// What the entry holds. Without a cell: under the shard's mutex.
    static view look(entry const& at, bool /*absent*/, reader_cell* cell) noexcept {
        node const* const held = at.held.load(std::memory_order_seq_cst);
        if (cell != nullptr) {
            cell->looking_at.store(held, std::memory_order_seq_cst);
            if (at.held.load(std::memory_order_seq_cst) != held) {
                return {};
            }
        }
        return view{held};
    }

    template<class Hash>
    static std::uint64_t hash(entry const& at, Hash const&) noexcept {
        return at.held.load(std::memory_order_relaxed)->hash;
    }
    static Key const& key(entry const& at) noexcept { return at.held.load(std::memory_order_relaxed)->key; }

    static void publish(entry& at, pending&& added, removed& gone) noexcept {
        at.marks.set_absent(!added->value);
        gone.push(at.held.exchange(added.release(), std::memory_order_seq_cst));
    }
    static void clear(entry& at, removed& gone) noexcept {
        gone.push(at.held.exchange(nullptr, std::memory_order_seq_cst));
    }
};

} // namespace orfeas::inline v0::cache::detail
