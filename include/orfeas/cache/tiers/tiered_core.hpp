// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/asio.hpp>
#include <orfeas/cache/codec.hpp>
#include <orfeas/cache/detail/glob.hpp>
#include <orfeas/cache/envelope.hpp>
#include <orfeas/cache/redis/client.hpp>
#include <orfeas/cache/tiered_options.hpp>
#include <orfeas/cache/tiered_stats.hpp>
#include <orfeas/cache/tiers/key_space.hpp>
#include <orfeas/cache/tiers/key_text.hpp>
#include <orfeas/cache/tiers/near_tier.hpp>
#include <orfeas/cache/tiers/origin.hpp>
#include <orfeas/cache/tiers/own_writes.hpp>
#include <orfeas/cache/tiers/pending_writes.hpp>
#include <orfeas/cache/tiers/remote_store.hpp>
#include <orfeas/cache/tiers/snapshot.hpp>
#include <orfeas/cache/tiers/tag_table.hpp>
#include <orfeas/cache/tiers/tier_codec.hpp>
#include <orfeas/cache/tiers/tier_entry.hpp>
#include <orfeas/cache/tiers/write_repeater.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/log.hpp>
#include <orfeas/core/stable_hash.hpp>
#include <orfeas/net/gather.hpp>
#include <orfeas/net/task.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cache {

/// How one entry is stored.
struct entry_options {
    std::optional<std::chrono::nanoseconds> ttl{}; ///< empty: that of the cache
    std::vector<std::string> tags{};               ///< by which it can be invalidated together with others
};

namespace detail {

/// A tiered cache's inside: outlives the handle while calls, loads and repeated writes run.
/// Thread-safe.
template<class Key, class Value, class Codec, class Policy, clock Clock>
class tiered_core : public std::enable_shared_from_this<tiered_core<Key, Value, Codec, Policy, Clock>> {
  public:
    using near_type = near_tier<Key, Value, Policy, Clock>;
    using entry = tier_entry<Value>;
    using weigher = typename near_type::store::weigher;
    using executor_type = boost::asio::any_io_executor;

    tiered_core(executor_type executor, tiered_options options, Codec codec, weigher weigh, Clock clock, logger log)
        : executor_{std::move(executor)},
          options_{std::move(options)},
          clock_{clock},
          names_{options_.key_prefix},
          values_{std::move(codec), clock, std::max(options_.stale_while_revalidate, options_.stale_if_error),
                  options_.ttl_jitter},
          log_{std::move(log)},
          near_{options_.local(), std::move(weigh), options_.l1_ttl, epochs_, tags_, std::move(clock)},
          reads_{executor_, near_},
          loads_{executor_, near_},
          pending_{options_.pending_bytes},
          repeater_{std::make_shared<write_repeater<Clock>>(executor_, clock_)} {}

    /// Makes the remote tier, once, before any use.
    void connect(redis::client_factory const& make, redis::connection_options const& connection) {
        far_.emplace(make(executor_, connection, hooks(), log_), epochs_, options_.tracking, log_);
        far_->client().start();
    }

    tiered_options const& options() const noexcept { return options_; }
    executor_type const& executor() const noexcept { return executor_; }
    near_type& near() noexcept { return near_; }
    near_type const& near() const noexcept { return near_; }
    bool has_far() const noexcept { return far_.has_value(); }
    remote_store& far() noexcept { return *far_; }
    key_space<Key> const& names() const noexcept { return names_; }

    // ---- values ----

    task<std::optional<Value>> get(Key key) {
        lookup<entry> cached = near_.find(key);
        if (cached.state == lookup_state::hit) {
            co_return std::move(cached.value->value);
        }
        if (!far_) {
            co_return std::nullopt;
        }
        auto const alive = this->shared_from_this();
        reader read{alive, key};
        entry got = co_await reads_.get_or_load(std::move(cached), std::move(key), std::move(read));
        count_far_hit(got);
        co_return std::move(got.value);
    }

    /// The value as a loader of `Load` makes it.
    template<class Load>
    task<std::optional<Value>> get_or_load(Key key, Load load, entry_options how) {
        lookup<entry> cached = near_.find(key);
        if (cached.state == lookup_state::hit) {
            if (cached.value->value || knows_absence<Load>) {
                co_return std::move(cached.value->value);
            }
            cached = {};
        }
        auto const alive = this->shared_from_this();
        fetcher<Load> fetch{alive, key, std::move(load), std::move(how)};
        entry got = co_await loads_.get_or_load(std::move(cached), std::move(key), std::move(fetch));
        count_far_hit(got);
        co_return std::move(got.value);
    }

    task<bool> put(Key key, Value value, entry_options how) {
        auto const alive = this->shared_from_this();
        entry made;
        made.time_left = how.ttl.value_or(options_.ttl);
        made.value.emplace(std::move(value));
        made.tags = co_await stamp(how.tags);
        if (!far_) { // which takes its own jitter
            co_return near_.local_cache().put(std::move(key), std::move(made), std::min(made.time_left, l1_ttl()));
        }
        typename own_writes<Key>::write const under_way{writes_, key};
        std::string const text = names_.text_of(key);
        origin const before = far_->watch(text);
        made.time_left = values_.jittered(made.time_left, text);
        std::string const bytes = values_.encode(made);
        auto const outcome = co_await write_through(text, bytes, values_.life_of(made), made.from);
        detach(key);
        auto const keep = [&] { return outcome == write_outcome::stored && near_.put(key, made); };
        if (!under_way.if_alone(keep)) {
            near_.local_cache().erase(key);
        }
        if (outcome == write_outcome::failed) {
            made.from = before;
            keep_through_outage(std::move(key), std::move(made));
        }
        co_return outcome == write_outcome::stored;
    }

    task<bool> erase(Key key) {
        auto const alive = this->shared_from_this();
        if (!far_) {
            forget(key);
            co_return true;
        }
        origin from;
        typename own_writes<Key>::write const under_way{writes_, key};
        std::string const text = names_.text_of(key);
        std::string const bytes = values_.tombstone();
        auto const outcome = co_await write_through(text, bytes, options_.tombstone_ttl, from);
        forget(key);
        co_return outcome == write_outcome::stored;
    }

    // ---- many values ----

    task<std::vector<std::optional<Value>>> get_many(std::vector<Key> keys) {
        auto const alive = this->shared_from_this();
        std::vector<std::optional<Value>> values(keys.size());
        std::vector<std::size_t> missing;
        for (std::size_t i = 0; i < keys.size(); ++i) {
            lookup<entry> found = near_.find(keys[i]);
            if (found.state == lookup_state::hit) {
                values[i] = std::move(found.value->value);
            } else {
                missing.push_back(i);
            }
        }
        if (far_ && !missing.empty()) {
            co_await read_missing(keys, missing, values);
        }
        co_return values;
    }

    task<std::size_t> put_many(std::vector<std::pair<Key, Value>> entries, entry_options how) {
        constexpr std::size_t at_once = 1000;
        std::atomic<std::size_t> stored{0};
        for (std::size_t begin = 0; begin < entries.size(); begin += at_once) {
            std::vector<task<>> all;
            for (std::size_t i = begin; i < std::min(begin + at_once, entries.size()); ++i) {
                all.push_back(put_one(std::move(entries[i].first), std::move(entries[i].second), how, stored));
            }
            co_await net::gather(std::move(all));
        }
        co_return stored.load();
    }

    // ---- tags ----

    task<bool> invalidate_tag(std::string tag) {
        auto const alive = this->shared_from_this();
        std::uint64_t const hash = stable_hash64(tag);
        if (!far_) {
            tags_.advance(hash, clock_.wall_now());
            detach_all();
            co_return true;
        }
        auto const generation = co_await ask_tag(hash, true);
        if (tags_.find(hash) != generation) {
            tags_.forget(hash); // what is here is asked for again
        }
        detach_all();
        co_return generation.has_value();
    }

    // ---- the whole ----

    /// Removes what matches from the local tier, and from what waits to be written.
    std::size_t remove_here(std::string_view pattern) {
        std::string const whole = names_.pattern(pattern);
        pending_.remove_if([&](std::string_view text) { return glob_matches(whole, text); });
        writes_.note_change_of_all();
        detach_all();
        if (pattern == "*") {
            return near_.local_cache().clear();
        }
        std::string text;
        return near_.local_cache().invalidate_if([&](Key const& key) {
            text.clear();
            append_key_text(key, text);
            return glob_matches(pattern, text);
        });
    }

    // ---- snapshots ----

    /// Passes each entry that may be served, as a record, to `sink`; gives their number.
    template<class Sink>
    std::size_t save(Sink& sink) const {
        std::size_t count = 0;
        std::string record;
        near_.local_cache().for_each([&](Key const& key, entry const& held, std::chrono::nanoseconds time_left) {
            if (!near_.is_current(held)) {
                return;
            }
            entry saved = held;
            saved.time_left = time_left;
            std::string text;
            append_key_text(key, text);
            record.clear();
            append_snapshot_record(record, text, values_.encode(saved));
            sink(std::string_view{record});
            ++count;
        });
        return count;
    }

    /// Takes in what `save` passed on. With servers only the keys count, whose values they are asked for: an old value has
    /// nobody who watches over it.
    task<snapshot_report> restore(std::string_view snapshot) {
        auto const alive = this->shared_from_this();
        if (far_) {
            co_await far_->primaries();
        }
        snapshot_report done;
        std::vector<Key> keys;
        snapshot_reader records{snapshot};
        while (auto const record = records.next()) {
            auto key = key_of_text<Key>(record->key);
            if (!key) {
                ++done.unreadable;
            } else if (!far_) {
                done.entries += restore_here(std::move(*key), envelope_view{record->envelope}) ? 1U : 0U;
            } else {
                keys.push_back(std::move(*key));
            }
            if (keys.size() == 1000) {
                done.entries += co_await bring_in(std::move(keys));
                keys.clear();
            }
        }
        done.entries += co_await bring_in(std::move(keys));
        done.unreadable += records.unreadable();
        co_return done;
    }

    /// Brings the values of keys into the local tier; gives their number.
    task<std::uint64_t> bring_in(std::vector<Key> keys) {
        auto const alive = this->shared_from_this();
        auto const values = co_await get_many(std::move(keys));
        std::uint64_t count = 0;
        for (auto const& value : values) {
            count += value ? 1U : 0U;
        }
        co_return count;
    }

    // ---- the end ----

    void begin_stop() { repeater_->begin_stop(); }

    static task<> stop(std::shared_ptr<tiered_core> self) {
        self->begin_stop();
        if (self->far_) {
            co_await self->far_->client().stop();
        }
        co_await write_repeater<Clock>::join(self->repeater_);
    }

    tiered_stats stats() const {
        tiered_stats all;
        all.l1 = near_.local_cache().stats();
        all.l1_hits = all.l1.hits - std::min(near_.outdated(), all.l1.hits);
        all.l2_hits = far_hits_.load(std::memory_order_relaxed);
        auto const lookups = all.l1.hits + all.l1.misses;
        all.misses = lookups - std::min(lookups, all.l1_hits + all.l2_hits);
        all.hit_ratio = lookups == 0 ? std::numeric_limits<double>::quiet_NaN()
                                     : 1.0 - static_cast<double>(all.misses) / static_cast<double>(lookups);
        all.loads = load_count_.load(std::memory_order_relaxed);
        all.load_failures = load_failures_.load(std::memory_order_relaxed);
        all.coalesced = all.l1.coalesced;
        all.stale_served = all.l1.stale_served;
        all.l2_rejected_values = values_.rejected();
        all.invalidations = invalidations_.load(std::memory_order_relaxed);
        all.epochs = epochs_.ended();
        all.pending_writes = pending_.size();
        all.dropped_writes = pending_.dropped();
        all.has_l2 = far_.has_value();
        if (far_) {
            auto const& counts = far_->counts();
            all.l2_reads = counts.reads.load(std::memory_order_relaxed);
            all.l2_read_failures = counts.read_failures.load(std::memory_order_relaxed);
            all.l2_writes = counts.writes.load(std::memory_order_relaxed);
            all.l2_write_failures = counts.write_failures.load(std::memory_order_relaxed);
            all.l2_refused_writes = counts.refused_writes.load(std::memory_order_relaxed);
            all.nodes = far_->client().nodes();
        }
        return all;
    }

  private:
    /// What the remote tier knows of a key.
    struct far_lookup {
        std::optional<entry> found{};         ///< a value, or that there is none
        bool is_stale = false;                ///< of a value that is only better than an error
        std::optional<std::string> witness{}; ///< what a loaded value may replace; empty: nothing is to be written
    };

    /// The loader of a caller who has none: reads the remote tier.
    struct reader {
        std::shared_ptr<tiered_core> self;
        Key key;

        task<entry> operator()() { return self->read(key); }
    };

    /// A caller's loader behind the remote tier.
    template<class Load>
    struct fetcher {
        std::shared_ptr<tiered_core> self;
        Key key;
        Load load;
        entry_options how;

        task<entry> operator()() { return self->fetch(key, load, how); }
    };

    template<class Load>
    static constexpr bool knows_absence = !std::same_as<loaded_t<Load>, Value>;

    bool restore_here(Key key, envelope_view const& envelope) {
        std::optional<entry> found = values_.decode(envelope);
        if (!found || found->tags != nullptr) { // the generations of its tags are not known any more
            return false;
        }
        fill_token const token = near_.begin_fill(key);
        return near_.fill_read(token, std::move(key), std::move(*found));
    }

    std::chrono::nanoseconds l1_ttl() const noexcept { return options_.l1_ttl; }
    static monotonic_time later(monotonic_time from, std::chrono::nanoseconds wait) noexcept {
        return wait >= monotonic_time::max() - from ? monotonic_time::max() : from + wait;
    }

    /// The key has changed: what is here, or on its way here, is old.
    void forget(Key const& key) {
        writes_.note_change(key);
        near_.local_cache().erase(key);
        detach(key);
    }

    /// Something of the key was read, perhaps what a write of our own has just made of it, which nobody tells us: from now
    /// on nobody here gets what was read before.
    void note_reading(Key const& key) {
        if (writes_.concern(key)) {
            near_.local_cache().erase(key);
            detach(key);
        }
    }

    void detach(Key const& key) noexcept {
        reads_.detach(key);
        loads_.detach(key);
    }
    void detach_all() noexcept {
        reads_.detach_all();
        loads_.detach_all();
    }

    // ---- reading ----

    task<entry> read(Key const& key) {
        far_lookup seen = co_await look(names_.text_of(key));
        note_reading(key);
        entry made;
        if (seen.found && !seen.is_stale) {
            made = std::move(*seen.found);
        }
        co_return made;
    }

    /// Counted for each caller: many may have waited for one read.
    void count_far_hit(entry const& got) noexcept {
        far_hits_.fetch_add(got.is_far ? 1 : 0, std::memory_order_relaxed);
    }

    task<far_lookup> look(std::string text) {
        far_lookup seen;
        if (auto const waiting = pending_.find(text, clock_.now())) {
            seen.found = values_.decode(envelope_view{*waiting});
            if (seen.found) {
                seen.found->from = far_->watch(text);
                seen.found->time_left = std::min<std::chrono::nanoseconds>(seen.found->time_left, options_.outage_ttl);
            }
        } else {
            remote_store::reading const got = co_await far_->read(text);
            if (!got.answered) {
                co_return seen;
            }
            seen.witness.emplace();
            if (got.bytes) {
                seen.witness->assign(
                    got.bytes->substr(got.bytes->size() - std::min<std::size_t>(got.bytes->size(), 8)));
                seen.found = values_.decode(envelope_view{*got.bytes});
            }
            if (seen.found) {
                seen.found->from = got.from;
            }
        }
        if (seen.found && seen.found->tags != nullptr) {
            bool const current = co_await are_current(*seen.found->tags);
            if (!current) {
                seen.found.reset();
            }
        }
        seen.is_stale = seen.found && seen.found->time_left <= std::chrono::nanoseconds{0};
        if (seen.found) {
            seen.found->is_far = !seen.is_stale;
        }
        co_return seen;
    }

    task<> read_missing(std::vector<Key> const& keys, std::vector<std::size_t> const& missing,
                        std::vector<std::optional<Value>>& values) {
        std::vector<std::string> texts;
        std::vector<fill_token> tokens;
        for (auto const index : missing) {
            texts.push_back(names_.text_of(keys[index]));
            tokens.push_back(near_.begin_fill(keys[index]));
        }
        std::vector<std::size_t> singly; // what needs more than a look
        std::mutex mutex;
        auto each = [&](std::size_t at, remote_store::reading const& got) {
            note_reading(keys[missing[at]]);
            std::optional<entry> found;
            if (pending_.empty() && got.answered && got.bytes) {
                found = values_.decode(envelope_view{*got.bytes});
            }
            bool const is_simple = pending_.empty() && (!found || found->tags == nullptr);
            if (!is_simple) {
                std::scoped_lock const hold{mutex};
                singly.push_back(missing[at]);
            } else if (found && found->time_left > std::chrono::nanoseconds{0}) {
                found->from = got.from;
                far_hits_.fetch_add(1, std::memory_order_relaxed);
                values[missing[at]] = found->value;
                near_.fill_read(tokens[at], keys[missing[at]], std::move(*found));
            }
        };
        co_await far_->read_many(texts, each);
        for (auto const index : singly) {
            reader read{this->shared_from_this(), keys[index]};
            lookup<entry> nothing;
            entry got = co_await reads_.get_or_load(std::move(nothing), keys[index], std::move(read));
            count_far_hit(got);
            values[index] = std::move(got.value);
        }
    }

    // ---- loading ----

    template<class Load>
    task<entry> fetch(Key const& key, Load& load, entry_options const& how) {
        std::string const text = names_.text_of(key);
        far_lookup seen;
        entry made;
        if (far_) {
            made.from = far_->watch(text); // until it is written
            seen = co_await look(text);
            note_reading(key);
        }
        if (seen.found && !seen.is_stale && (seen.found->value || knows_absence<Load>)) {
            co_return std::move(*seen.found);
        }
        made.tags = co_await stamp(how.tags); // before the load: a tag that moves on meanwhile concerns it
        load_count_.fetch_add(1, std::memory_order_relaxed);
        std::exception_ptr failed;
        try {
            made.value = co_await load();
        } catch (...) {
            load_failures_.fetch_add(1, std::memory_order_relaxed);
            failed = std::current_exception();
        }
        if (failed != nullptr) {
            if (seen.found && seen.is_stale) {
                near_.record(event::stale_served);
                co_return std::move(*seen.found);
            }
            std::rethrow_exception(failed);
        }
        made.time_left = made.value ? how.ttl.value_or(options_.ttl) : std::chrono::nanoseconds{options_.negative_ttl};
        if (far_) {
            co_await store_loaded(text, made, seen.witness);
        }
        co_return made;
    }

    /// Writes what was loaded to its server, unless someone else wrote meanwhile, and notes who watches over it.
    task<> store_loaded(std::string const& text, entry& made, std::optional<std::string> const& witness) {
        remote_store::writing written;
        if (witness && pending_.empty()) {
            made.time_left = values_.jittered(made.time_left, text);
            std::string const bytes = values_.encode(made);
            std::string_view const seen = *witness;
            written = co_await far_->write(text, bytes, values_.life_of(made), seen);
        }
        switch (written.outcome) {
        case write_outcome::stored:
            made.from = written.from;
            break;
        case write_outcome::refused: // what was loaded may be older than what stands there
            made.time_left = {};
            break;
        case write_outcome::rejected:
        case write_outcome::failed:
            made.time_left = std::min<std::chrono::nanoseconds>(made.time_left, options_.outage_ttl);
        }
    }

    // ---- writing ----

    task<write_outcome> write_through(std::string const& text, std::string const& bytes, std::chrono::nanoseconds life,
                                      origin& from) {
        auto const deadline = later(clock_.now(), life);
        auto const number = pending_.supersede(text, bytes, deadline);
        remote_store::writing const written = co_await far_->write(text, bytes, life, std::nullopt);
        from = written.from;
        switch (written.outcome) {
        case write_outcome::failed:
            pending_.add(text, bytes, deadline);
            log_(severity::warning, "cache", "l2_writes_wait",
                 {{"waiting", pending_.size()}, {"dropped", pending_.dropped()}});
            repeat_writes();
            break;
        case write_outcome::rejected: { // what stood there before is older
            pending_.settle(text, number);
            co_await far_->unlink(text);
            break;
        }
        default:
            pending_.settle(text, number);
        }
        co_return written.outcome;
    }

    /// While a server cannot be asked, what was to be written to it is kept here for a while.
    void keep_through_outage(Key key, entry made) {
        auto const ttl = std::min<std::chrono::nanoseconds>(made.time_left, options_.outage_ttl);
        near_.local_cache().put(std::move(key), std::move(made), ttl);
    }

    task<> put_one(Key key, Value value, entry_options const& how, std::atomic<std::size_t>& stored) {
        bool const is_stored = co_await put(std::move(key), std::move(value), how);
        stored.fetch_add(is_stored ? 1 : 0, std::memory_order_relaxed);
    }

    /// Has the writes that wait repeated until none is left.
    void repeat_writes() {
        auto const alive = this->shared_from_this();
        repeater_->start({alive, pending_, *far_, [core = this](std::string_view text) {
                              if (auto const key = core->names_.key_of(text)) {
                                  core->forget(*key); // what was kept through the outage
                              }
                          }});
    }

    // ---- tags ----

    task<std::optional<std::uint64_t>> ask_tag(std::uint64_t tag, bool advance) {
        fill_token const token = tags_.begin(tag);
        auto const now = tag_table::microseconds(clock_.wall_now());
        origin from;
        auto const generation = co_await far_->tag_generation(names_.tag_text(tag), now, advance, from);
        if (generation && epochs_.is_current(from)) {
            tags_.learn(token, tag, *generation, from);
        }
        co_return generation;
    }

    /// The present generations of tags; null for none. A tag whose generation cannot be found out has one that never was:
    /// the entry is then not served.
    task<tag_stamps> stamp(std::vector<std::string> const& tags) {
        if (tags.empty()) {
            co_return nullptr;
        }
        std::vector<tag_stamp> stamps;
        for (auto const& tag : tags) {
            std::uint64_t const hash = stable_hash64(tag);
            auto generation = tags_.find(hash);
            if (!generation && far_) {
                generation = co_await ask_tag(hash, false);
            } else if (!generation) {
                generation = tags_.advance(hash, clock_.wall_now());
            }
            stamps.push_back({hash, generation.value_or(0)});
        }
        co_return std::make_shared<std::vector<tag_stamp> const>(std::move(stamps));
    }

    task<bool> are_current(std::vector<tag_stamp> const& stamps) {
        for (auto const& stamp : stamps) {
            auto generation = tags_.find(stamp.tag);
            if (!generation) {
                generation = co_await ask_tag(stamp.tag, false);
            }
            if (generation != stamp.generation) {
                co_return false;
            }
        }
        co_return true;
    }

    // ---- what the servers tell ----

    redis::client_hooks hooks() {
        redis::client_hooks made;
        std::weak_ptr<tiered_core> const weak = this->weak_from_this();
        if (options_.tracking) {
            made.set_up = [](redis::request& to) { to.append("CLIENT", "TRACKING", "ON", "NOLOOP"); };
            made.push = [weak](redis::node_number node, redis::reply_view push) {
                if (auto const self = weak.lock()) {
                    self->pushed(node, push);
                }
            };
        }
        made.changed = [weak](redis::node_number node, std::uint64_t, bool connected) {
            if (auto const self = weak.lock()) {
                self->epochs_.end(node);
                if (connected) {
                    self->repeater_->hurry();
                }
            }
        };
        return made;
    }

    void pushed(redis::node_number node, redis::reply_view push) {
        if (push.size() != 2 || push[0].text() != "invalidate") {
            return;
        }
        auto const keys = push[1];
        if (!keys.is_aggregate()) { // the server dropped everything
            epochs_.end(node);
            detach_all();
            return;
        }
        for (auto const key : keys) {
            invalidations_.fetch_add(1, std::memory_order_relaxed);
            invalidated(key.text());
        }
    }

    void invalidated(std::string_view text) {
        if (auto const tag = names_.tag_of(text)) {
            tags_.forget(*tag);
            detach_all(); // a load that bears the tag began before
        }
        if (auto const key = names_.key_of(text)) {
            forget(*key);
        }
    }

    executor_type executor_;
    tiered_options options_;
    Clock clock_;
    key_space<Key> names_;
    tier_codec<Value, Codec, Clock> values_;
    logger log_;
    node_epochs epochs_;
    tag_table tags_{epochs_};
    near_type near_;
    single_flight<near_type, executor_type> reads_;
    single_flight<near_type, executor_type> loads_;
    own_writes<Key> writes_;
    pending_writes pending_;
    std::optional<remote_store> far_;
    std::shared_ptr<write_repeater<Clock>> repeater_;
    std::atomic<std::uint64_t> far_hits_{0};
    std::atomic<std::uint64_t> load_count_{0};
    std::atomic<std::uint64_t> load_failures_{0};
    std::atomic<std::uint64_t> invalidations_{0};
};

} // namespace detail

} // namespace orfeas::inline v0::cache
