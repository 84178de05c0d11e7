// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/concepts.hpp>
#include <orfeas/cache/detail/flight.hpp>
#include <orfeas/core/hash.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <concepts>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <unordered_map>
#include <utility>

namespace orfeas::inline v0::cache {

/// Makes the value of a key that is not in the cache: `load()` gives an awaitable of the value, or of an optional value
/// where a key may have none. It is moved away and may outlive the caller who passed it, so it owns what it reads.
template<class Load, class Value, class Executor>
concept loader = std::move_constructible<Load> && requires(Load& load) {
    requires std::same_as<decltype(load()), boost::asio::awaitable<Value, Executor>> ||
                 std::same_as<decltype(load()), boost::asio::awaitable<std::optional<Value>, Executor>>;
};

/// What a loader makes: a value, or an optional value.
template<class Load>
using loaded_t = typename std::invoke_result_t<Load&>::value_type;

namespace detail {

/// The loads under way, by key. Outlives the single_flight while a load runs.
template<class Key, class Value>
class flight_table {
  public:
    using flight_pointer = std::shared_ptr<flight<Value>>;

    std::mutex mutex;
    std::unordered_map<Key, flight_pointer, hasher<Key>> flights{0, hasher<Key>{random_seed()}};

    /// Takes a flight out, unless it was detached before, when another one of its key may be under way.
    void remove(Key const& key, flight_pointer const& landed) noexcept {
        flight_pointer removed; // destroyed after the lock is released
        std::lock_guard const hold{mutex};
        auto const found = flights.find(key);
        if (found != flights.end() && found->second == landed) {
            removed = std::move(found->second);
            flights.erase(found);
        }
    }

    /// Takes the flight of the key out while it is under way.
    void detach(Key const& key) noexcept {
        flight_pointer removed;
        std::lock_guard const hold{mutex};
        if (auto const found = flights.find(key); found != flights.end()) {
            removed = std::move(found->second);
            flights.erase(found);
        }
    }

    void detach_all() noexcept {
        decltype(flights) removed{0, flights.hash_function()};
        std::lock_guard const hold{mutex};
        flights.swap(removed);
    }
};

/// The duty to finish a flight. Whoever drops it undone (an executor that is destroyed before the load ran to its end)
/// fails the waiters with operation_aborted instead of leaving them for ever.
template<class Key, class Value>
class landing {
  public:
    landing(std::shared_ptr<flight_table<Key, Value>> table, Key key, std::shared_ptr<flight<Value>> flight)
        : table_{std::move(table)}, key_{std::move(key)}, flight_{std::move(flight)} {}
    landing(landing&&) = default;
    landing& operator=(landing&&) = delete;
    ~landing() {
        if (flight_ != nullptr) {
            boost::system::system_error const aborted{boost::asio::error::operation_aborted};
            finish(std::nullopt, std::make_exception_ptr(aborted));
        }
    }

    Key const& key() const noexcept { return key_; }

    void finish(std::optional<Value> value, std::exception_ptr error) {
        table_->remove(key_, flight_);
        std::exchange(flight_, nullptr)->finish(std::move(value), std::move(error));
    }

  private:
    std::shared_ptr<flight_table<Key, Value>> table_;
    Key key_;
    std::shared_ptr<flight<Value>> flight_;
};

} // namespace detail

/// Fills a cache so that each missing key is loaded once, however many callers ask for it at the same time.
///
/// The load runs on this object's executor, apart from every caller: a caller that is cancelled leaves alone with
/// operation_aborted, and the others, and the cache, still get the value, even if nobody is left. An exception of the
/// loader reaches everyone who waits at that moment and is not kept: the next caller loads again. A loader must not ask
/// for its own key: it would wait for itself.
///
/// What was loaded is not stored if its key was written, erased or invalidated while the load ran; those who waited get it.
/// A stale value is answered at once while one load runs, for as long as the cache says (stale-while-revalidate, RFC 5861),
/// and when that load fails (stale-if-error). A loader of optional values may say that a key has none: the cache keeps that
/// for its time, too.
///
/// The cache outlives the loads; this object need not. Callers resume on their own executors.
/// Thread-safe.
template<fillable_cache Cache, class Executor = boost::asio::any_io_executor>
class single_flight {
  public:
    using key_type = typename Cache::key_type;
    using mapped_type = typename Cache::mapped_type;
    using executor_type = Executor;
    template<class T>
    using awaitable = boost::asio::awaitable<T, Executor>;

    /// Loads on `executor`, which needs no order of its own (a strand is not required), into `cache`.
    single_flight(Executor executor, Cache& cache)
        : executor_{std::move(executor)}, cache_{cache}, table_{std::make_shared<table>()} {}

    single_flight(single_flight const&) = delete;
    single_flight& operator=(single_flight const&) = delete;

    executor_type get_executor() const noexcept { return executor_; }

    /// The cached value of `key`, else the value that `load` makes and that is then stored for `ttl` (without one: for
    /// the cache's time). A value, or an optional one, as the loader makes it. Throws what the loader throws, or
    /// boost::system::system_error with operation_aborted when the caller is cancelled or the executor is destroyed before
    /// the load has ended, or std::bad_optional_access when a loader of optional values, which another caller passed for the
    /// same key, says that there is none.
    template<loader<mapped_type, Executor> Load>
    awaitable<loaded_t<Load>> get_or_load(key_type key, Load load, std::optional<std::chrono::nanoseconds> ttl = {}) {
        lookup<mapped_type> cached = cache_.find(key);
        return get_or_load(std::move(cached), std::move(key), std::move(load), ttl);
    }

    /// The same for a caller who has looked `key` up already.
    template<loader<mapped_type, Executor> Load>
    awaitable<loaded_t<Load>> get_or_load(lookup<mapped_type> cached, key_type key, Load load,
                                          std::optional<std::chrono::nanoseconds> ttl = {}) {
        using result = loaded_t<Load>;
        constexpr bool knows_absence = !std::same_as<result, mapped_type>;
        Cache& cache = cache_; // this object may be gone when the load has ended
        if (cached.state == lookup_state::hit) {
            co_return std::move(*cached.value);
        }
        if constexpr (knows_absence) {
            if (cached.state == lookup_state::absent) {
                co_return std::nullopt;
            }
        }
        std::shared_ptr<flight> const joined = join(std::move(key), std::move(load), ttl);
        if (cached.may_serve_while_loading) {
            cache.record(event::stale_served);
            co_return std::move(*cached.value);
        }
        co_await joined->async_wait(boost::asio::use_awaitable_t<Executor>{});
        if (cached.state == lookup_state::stale && joined->failed()) {
            cache.record(event::stale_served);
            co_return std::move(*cached.value);
        }
        if constexpr (knows_absence) {
            co_return joined->result();
        } else {
            co_return joined->result().value();
        }
    }

    /// Who asks for `key` from now on does not join the load that is under way, which began before something that it may
    /// not know of; those who wait for it still get it.
    void detach(key_type const& key) noexcept { table_->detach(key); }

    /// The same for all keys.
    void detach_all() noexcept { table_->detach_all(); }

  private:
    using flight = detail::flight<mapped_type>;
    using table = detail::flight_table<key_type, mapped_type>;
    using landing = detail::landing<key_type, mapped_type>;

    /// The flight that loads `key`, started here if there is none.
    template<class Load>
    std::shared_ptr<flight> join(key_type key, Load load, std::optional<std::chrono::nanoseconds> ttl) {
        auto started = std::make_shared<flight>();
        {
            std::unique_lock hold{table_->mutex};
            if (auto const found = table_->flights.find(key); found != table_->flights.end()) {
                auto const joined = found->second;
                hold.unlock();
                cache_.record(event::coalesced);
                return joined;
            }
            // A load may have ended between the caller's lookup and this lock; it stored its value before it left the table.
            if (auto stored = cache_.peek(key); stored) {
                started->finish(std::move(stored), nullptr);
                return started;
            }
            table_->flights.emplace(key, started);
        }
        landing duty{table_, std::move(key), started};
        cache_.record(event::load);
        boost::asio::co_spawn(executor_, run(cache_, std::move(duty), std::move(load), ttl), boost::asio::detached);
        return started;
    }

    template<class Load>
    static awaitable<void> run(Cache& cache, landing duty, Load load, std::optional<std::chrono::nanoseconds> ttl) {
        // co_spawn may start inside the caller's call; the load must not see the caller's stack or its trace context.
        co_await boost::asio::post(boost::asio::use_awaitable_t<Executor>{});
        std::optional<mapped_type> value;
        std::exception_ptr error;
        try {
            fill_token const token = cache.begin_fill(duty.key());
            value = co_await load();
            if (ttl) {
                cache.fill(token, duty.key(), value, *ttl);
            } else {
                cache.fill(token, duty.key(), value);
            }
        } catch (...) {
            value.reset();
            error = std::current_exception();
            cache.record(event::load_failure);
        }
        duty.finish(std::move(value), std::move(error));
    }

    Executor executor_;
    Cache& cache_;
    std::shared_ptr<table> table_;
};

template<class Executor, class Cache>
single_flight(Executor, Cache&) -> single_flight<Cache, boost::asio::any_io_executor>;

} // namespace orfeas::inline v0::cache
