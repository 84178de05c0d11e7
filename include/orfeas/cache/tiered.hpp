// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/asio.hpp>
#include <orfeas/cache/codec.hpp>
#include <orfeas/cache/concepts.hpp>
#include <orfeas/cache/invalidation_report.hpp>
#include <orfeas/cache/policies.hpp>
#include <orfeas/cache/redis/connection_options.hpp>
#include <orfeas/cache/size_hint.hpp>
#include <orfeas/cache/tiered_options.hpp>
#include <orfeas/cache/tiered_stats.hpp>
#include <orfeas/cache/tiers/servers.hpp>
#include <orfeas/cache/tiers/tiered_core.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/log.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/net/task.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cache {

/// What a warm-up brought in.
struct warm_up_report {
    std::uint64_t keys = 0;    ///< seen
    std::uint64_t entries = 0; ///< brought into the local tier
    std::uint32_t failed_nodes = 0;
};

/// What a tiered cache is made with besides its options.
template<class Key, class Value, class Codec, clock Clock>
struct tiered_parts {
    using weigher = unique_function<std::size_t(Key const&, detail::tier_entry<Value> const&)>;

    Codec codec{};
    weigher weigh{}; ///< what an entry is charged in the local tier; empty: by `size_hint`
    redis::connection_options connection{};
    redis::client_factory client{}; ///< empty: as the options' `l2` and `l2_topology` say
    logger log{};
    Clock clock{};
};

/// A cache of two tiers: a local one in this process, and one on Redis or Valkey servers that processes share. Without servers
/// it is the local one alone, with the same face.
///
/// A value is looked for here, then on the servers, and then made by the caller's loader, once for all who ask for it at
/// that moment. What is put is written through; where a server cannot be asked the cache goes on without it: a read is a
/// miss, a write waits (bounded) until the server is back, and is kept here for `outage_ttl`. No caller sees an error of a
/// server: it is counted, and shows in `stats()`.
///
/// Entries here are invalidated when another process changes the key: the servers tell (RESP3 tracking), at once, in the
/// order of the stream. When a connection is lost all entries of its server are out of date, in O(1). A value that was
/// loaded or read is not stored, neither here nor on the servers, if its key was written, erased or invalidated meanwhile,
/// by whatever process: what is erased leaves a tombstone for `tombstone_ttl`, and a loaded value only replaces what its
/// loader's caller saw. (After `invalidate_pattern` and `clear` nothing is left there to see: a load under way in another
/// process may be stored.)
///
///     cache::tiered<std::string, mesh> meshes{io.get_executor(), {.l2 = {"redis://127.0.0.1:6379"}}};
///     auto load = [job] { return generate(job); };               // owns its input: it may outlive its caller
///     mesh const m = co_await meshes.get_or_load(key, std::move(load));
///
/// Values are copied out: where they are large, a `std::shared_ptr<mesh const>` is right.
/// Loads run on the executor, apart from their callers. `co_await stop()` before its context ends.
/// Thread-safe.
template<class Key, class Value, class Codec = default_codec<Value>, class Policy = adaptive,
         clock Clock = coarse_clock>
class tiered {
    static_assert(codec<Codec, Value>, "give the value a default_codec, or pass a codec of your own");

    using core_type = detail::tiered_core<Key, Value, Codec, Policy, Clock>;

  public:
    using key_type = Key;
    using mapped_type = Value;
    using parts = tiered_parts<Key, Value, Codec, Clock>;

    /// Begins to connect where there are servers. Throws option_error for options out of range, a malformed URL, a node that
    /// is named twice, or TLS (rediss://), for which
    /// `parts::client` takes a `client_for(options, redis::tls_transport{…})`.
    explicit tiered(boost::asio::any_io_executor executor, tiered_options options = {}, parts with = {})
        : core_{make_core(std::move(executor), std::move(options), std::move(with))} {}

    tiered(tiered const&) = delete;
    tiered& operator=(tiered const&) = delete;
    ~tiered() { core_->begin_stop(); }

    boost::asio::any_io_executor get_executor() const noexcept { return core_->executor(); }
    tiered_options const& options() const noexcept { return core_->options(); }

    /// The value of `key` in whichever tier has it.
    task<std::optional<Value>> get(Key key) { return core_->get(std::move(key)); }

    /// The value of `key` in the local tier, without waiting; counts a hit or a miss.
    std::optional<Value> get_local(Key const& key) {
        lookup<typename core_type::entry> found = core_->near().find(key);
        return found.state == lookup_state::hit ? std::move(found.value->value) : std::nullopt;
    }

    /// The value of `key` in whichever tier has it, else the one that `load()` makes (an awaitable of a value, or of an
    /// optional one), which is then stored in both. Throws what the loader throws, operation_aborted for a caller that is
    /// cancelled, and std::bad_optional_access where another caller's loader of the same key says that it has no value and
    /// this one's cannot say so.
    template<loader<Value, boost::asio::any_io_executor> Load>
    task<loaded_t<Load>> get_or_load(Key key, Load load, entry_options how = {}) {
        std::optional<Value> found = co_await core_->get_or_load(std::move(key), std::move(load), std::move(how));
        if constexpr (std::same_as<loaded_t<Load>, Value>) {
            co_return std::move(found).value();
        } else {
            co_return found;
        }
    }

    /// Stores a value in both tiers. False if a server did not take it: it is written again when that is back.
    task<bool> put(Key key, Value value, entry_options how = {}) {
        return core_->put(std::move(key), std::move(value), std::move(how));
    }

    /// Removes the value of `key` from both tiers, and from the local tiers of all processes. False if a server did not hear
    /// of it: it is told when it is back, and until then nothing of it is served here.
    task<bool> erase(Key key) { return core_->erase(std::move(key)); }

    /// The values of many keys, in their order: one round trip to each server.
    task<std::vector<std::optional<Value>>> get_many(std::vector<Key> keys) { return core_->get_many(std::move(keys)); }

    /// Stores many values, all at once on their way; how many were taken by every tier.
    task<std::size_t> put_many(std::vector<std::pair<Key, Value>> entries, entry_options how = {}) {
        return core_->put_many(std::move(entries), std::move(how));
    }

    /// Invalidates every entry that was stored with the tag, in all processes, in O(1). False if the tag's server did not
    /// answer: then nothing has changed.
    task<bool> invalidate_tag(std::string tag) { return core_->invalidate_tag(std::move(tag)); }

    /// Removes the entries whose keys match (`*`, `?`, `[abc]`, `[^a-z]`, `\` as in Redis; a number matches as its digits)
    /// from the servers and from the local tiers of all processes. Walks over all keys (SCAN and UNLINK, never KEYS), in
    /// parts that hold no server up.
    task<invalidation_report> invalidate_pattern(std::string pattern) {
        return run_invalidation(core_, std::move(pattern));
    }

    /// Removes all entries of this cache, from the servers too. What else is on them stays.
    task<invalidation_report> clear() { return run_invalidation(core_, "*"); }

    /// Removes what is in the local tier, and gives the number of entries: room for others, and no invalidation.
    std::size_t clear_local() { return core_->near().local_cache().clear(); }

    /// Brings entries from the servers into the local tier, until it holds `most_bytes` or there are no more.
    task<warm_up_report> warm_up(std::uint64_t most_bytes) { return run_warm_up(core_, most_bytes); }

    /// Passes the entries of the local tier to `sink(std::string_view)`, piece by piece, for `restore` after a restart; gives
    /// their number. Linear; readers and writers go on.
    template<std::invocable<std::string_view> Sink>
    std::size_t save(Sink sink) const {
        return core_->save(sink);
    }

    /// Takes in a snapshot: all pieces that `save` passed on, in their order. With servers its keys are read from them; without,
    /// its values count for the rest of their time, those with tags excepted. What is damaged is left out. `snapshot` stays
    /// valid until the task has ended.
    task<snapshot_report> restore(std::string_view snapshot) { return core_->restore(snapshot); }

    tiered_stats stats() const { return core_->stats(); }
    void measure(measurement_sink sink) const { cache::measure(core_->stats(), sink); }

    /// Ends the connections, and returns when nothing of the cache runs any more but loads, which end by themselves.
    task<> stop() { return core_type::stop(core_); }

  private:
    using weigher = typename parts::weigher;

    static std::shared_ptr<core_type> make_core(boost::asio::any_io_executor executor, tiered_options options,
                                                parts with) {
        validate(options);
        if (with.weigh == nullptr) {
            if constexpr (has_size_hint<Key> && has_size_hint<Value>) {
                with.weigh = [](Key const& key, detail::tier_entry<Value> const& held) {
                    return size_in_bytes(key) + size_in_bytes(held) + entry_overhead;
                };
            } else {
                throw option_error{"weigh", "none", "a weigher, for a type without size_hint"};
            }
        }
        bool const has_servers = !options.l2.empty() || with.client != nullptr;
        if (has_servers && with.client == nullptr) {
            with.client = client_for(options);
        }
        auto core = std::make_shared<core_type>(std::move(executor), std::move(options), std::move(with.codec),
                                                std::move(with.weigh), std::move(with.clock), std::move(with.log));
        if (has_servers) {
            core->connect(with.client, with.connection);
        }
        return core;
    }

    static task<invalidation_report> run_invalidation(std::shared_ptr<core_type> core, std::string pattern) {
        using detail::remote_store;
        invalidation_report done;
        if (core->has_far()) {
            auto remove = [&](redis::node_number node,
                              std::vector<std::string> keys) -> task<remote_store::part_outcome> {
                auto const removed = co_await core->far().unlink_all(node, keys);
                done.l2_entries += removed.value_or(0);
                co_return removed ? remote_store::part_outcome::go_on : remote_store::part_outcome::failed;
            };
            std::string const remote = core->names().pattern(pattern);
            auto const walked = co_await core->far().walk(remote, remove);
            done.nodes = walked.nodes;
            done.failed_nodes = walked.failed_nodes;
        }
        done.l1_entries = core->remove_here(pattern); // after the servers: nothing old is read back
        co_return done;
    }

    static task<warm_up_report> run_warm_up(std::shared_ptr<core_type> core, std::uint64_t most_bytes) {
        using detail::remote_store;
        warm_up_report done;
        if (!core->has_far()) {
            co_return done;
        }
        auto bring_in = [&](redis::node_number, std::vector<std::string> texts) -> task<remote_store::part_outcome> {
            std::vector<Key> keys;
            for (auto const& text : texts) {
                if (auto key = core->names().key_of(text)) {
                    keys.push_back(std::move(*key));
                }
            }
            done.keys += keys.size();
            done.entries += co_await core->bring_in(std::move(keys));
            bool const has_room = core->near().local_cache().stats().bytes < most_bytes;
            co_return has_room ? remote_store::part_outcome::go_on : remote_store::part_outcome::enough;
        };
        std::string const remote = core->names().pattern("*");
        auto const walked = co_await core->far().walk(remote, bring_in);
        done.failed_nodes = walked.failed_nodes;
        co_return done;
    }

    static constexpr std::size_t entry_overhead = 96; // links, a part of the index and of the policy's memory

    std::shared_ptr<core_type> core_;
};

} // namespace orfeas::inline v0::cache
