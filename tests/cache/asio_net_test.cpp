// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/asio.hpp>
#include <orfeas/cache/local.hpp>
#include <orfeas/core/manual_clock.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace cache = orfeas::cache;

namespace {

using text_cache = cache::local<std::string, std::string, cache::adaptive, orfeas::manual_clock>;
using flights = cache::single_flight<text_cache>;

/// How the calls of a test ended.
struct outcomes {
    std::atomic<int> right{0};
    std::atomic<int> aborted{0};
    std::atomic<int> failed{0};
};

/// A gate that loaders wait at: a timer that never fires until it is opened. Used from one thread.
class gate {
  public:
    explicit gate(asio::io_context& io) : timer_{io, asio::steady_timer::time_point::max()} {}

    asio::awaitable<void> pass() {
        boost::system::error_code ignored;
        auto token = asio::redirect_error(asio::use_awaitable, ignored);
        co_await timer_.async_wait(std::move(token));
    }
    void open() { timer_.cancel(); }

  private:
    asio::steady_timer timer_;
};

/// A loader that counts itself, waits at the gate, and gives its key with a mark.
struct gated_load {
    std::shared_ptr<std::atomic<int>> started;
    gate* waits_at;
    std::string key;

    asio::awaitable<std::string> operator()() {
        ++*started;
        co_await waits_at->pass();
        co_return "value of " + key;
    }
};

template<class Load>
asio::awaitable<void> call(flights& subject, std::string key, Load load, outcomes& out) {
    try {
        auto const value = co_await subject.get_or_load(key, std::move(load));
        ++(value == "value of " + key ? out.right : out.failed);
    } catch (boost::system::system_error const& error) {
        ++(error.code() == asio::error::operation_aborted ? out.aborted : out.failed);
    } catch (std::exception const&) {
        ++out.failed;
    }
}

/// Runs what is ready, without waiting for timers.
void settle(asio::io_context& io) {
    io.restart();
    io.poll();
}

text_cache make_cache(orfeas::manual_clock clock = orfeas::manual_clock{}) {
    return text_cache{{.ttl_jitter = 0}, std::move(clock)};
}

} // namespace

TEST_CASE("cache: ten thousand callers of a cold key cause one load") {
    asio::io_context io;
    auto store = make_cache();
    flights subject{io.get_executor(), store};
    gate door{io};
    outcomes out;
    gated_load const load{std::make_shared<std::atomic<int>>(0), &door, "k"};
    for (int i = 0; i < 10'000; ++i) {
        asio::co_spawn(io, call(subject, "k", load, out), asio::detached);
    }
    settle(io);
    door.open();
    io.restart();
    io.run();
    CHECK(*load.started == 1);
    CHECK(out.right == 10'000);
    CHECK(store.stats().loads == 1);
    CHECK(store.stats().coalesced == 9'999);
    CHECK(store.peek("k") == "value of k");
}

TEST_CASE("cache: a cancelled first caller leaves alone and the others get the one load") {
    asio::io_context io;
    auto store = make_cache();
    flights subject{io.get_executor(), store};
    gate door{io};
    outcomes out;
    gated_load const load{std::make_shared<std::atomic<int>>(0), &door, "k"};
    asio::cancellation_signal leave;
    asio::co_spawn(io, call(subject, "k", load, out), asio::bind_cancellation_slot(leave.slot(), asio::detached));
    settle(io);
    for (int i = 1; i < 10'000; ++i) {
        asio::co_spawn(io, call(subject, "k", load, out), asio::detached);
    }
    settle(io);
    leave.emit(asio::cancellation_type::terminal);
    leave.emit(asio::cancellation_type::terminal);
    settle(io);
    CHECK(out.aborted == 1);
    CHECK(out.right == 0);
    door.open();
    io.restart();
    io.run();
    CHECK(*load.started == 1);
    CHECK(out.right == 9'999);
    CHECK(out.aborted == 1);
    CHECK(out.failed == 0);
}

TEST_CASE("cache: a load whose callers have all left still fills the cache") {
    asio::io_context io;
    auto store = make_cache();
    flights subject{io.get_executor(), store};
    gate door{io};
    outcomes out;
    gated_load const load{std::make_shared<std::atomic<int>>(0), &door, "k"};
    std::vector<asio::cancellation_signal> signals(5);
    for (auto& signal : signals) {
        asio::co_spawn(io, call(subject, "k", load, out), asio::bind_cancellation_slot(signal.slot(), asio::detached));
    }
    settle(io);
    for (auto& signal : signals) {
        signal.emit(asio::cancellation_type::terminal);
    }
    settle(io);
    CHECK(out.aborted == 5);
    door.open();
    io.restart();
    io.run();
    CHECK(store.peek("k") == "value of k");
    CHECK(*load.started == 1);
}

TEST_CASE("cache: a hit is answered without a load") {
    asio::io_context io;
    auto store = make_cache();
    store.put("k", "value of k");
    flights subject{io.get_executor(), store};
    gate door{io};
    outcomes out;
    gated_load const load{std::make_shared<std::atomic<int>>(0), &door, "k"};
    asio::co_spawn(io, call(subject, "k", load, out), asio::detached);
    io.run();
    CHECK(out.right == 1);
    CHECK(*load.started == 0);
    CHECK(store.stats().hits == 1);
}

TEST_CASE("cache: an exception reaches everyone who waits and is not kept") {
    asio::io_context io;
    auto store = make_cache();
    flights subject{io.get_executor(), store};
    gate door{io};
    outcomes out;
    auto const failing = [&door]() -> asio::awaitable<std::string> {
        co_await door.pass();
        throw std::runtime_error{"no such picture"};
    };
    for (int i = 0; i < 10; ++i) {
        asio::co_spawn(io, call(subject, "k", failing, out), asio::detached);
    }
    settle(io);
    door.open();
    io.restart();
    io.run();
    CHECK(out.failed == 10);
    CHECK(store.stats().load_failures == 1);
    CHECK(store.size() == 0);

    auto const working = []() -> asio::awaitable<std::string> { co_return "value of k"; };
    asio::co_spawn(io, call(subject, "k", working, out), asio::detached);
    io.restart();
    io.run();
    CHECK(out.right == 1);
    CHECK(store.stats().loads == 2);
}

TEST_CASE("cache: a value too large for the cache still reaches everyone who waits") {
    asio::io_context io;
    text_cache store{{.capacity_bytes = 16, .shards = 1}, orfeas::manual_clock{}};
    flights subject{io.get_executor(), store};
    gate door{io};
    outcomes out;
    gated_load const load{std::make_shared<std::atomic<int>>(0), &door, "k"};
    for (int i = 0; i < 5; ++i) {
        asio::co_spawn(io, call(subject, "k", load, out), asio::detached);
    }
    settle(io);
    door.open();
    io.restart();
    io.run();
    CHECK(out.right == 5);
    CHECK(*load.started == 1);
    CHECK(store.stats().refusals == 1);
}

TEST_CASE("cache: a loaded value lives for the time that the caller gives") {
    asio::io_context io;
    orfeas::manual_clock clock;
    auto store = make_cache(clock);
    flights subject{io.get_executor(), store};
    auto const once = [&]() -> asio::awaitable<void> {
        auto load = []() -> asio::awaitable<std::string> { co_return "fresh"; };
        co_await subject.get_or_load("k", std::move(load), 2s);
    };
    asio::co_spawn(io, once, asio::detached);
    io.run();
    clock.advance(2s - 1ms);
    CHECK(store.peek("k"));
    clock.advance(1ms);
    CHECK_FALSE(store.peek("k"));
}

namespace {

/// Gives what it is told to, or throws.
struct told_load {
    std::shared_ptr<std::optional<std::string>> value;
    std::shared_ptr<int> started = std::make_shared<int>(0);
    bool throws = false;

    asio::awaitable<std::optional<std::string>> operator()() {
        ++*started;
        if (throws) {
            throw std::runtime_error{"the source is down"};
        }
        co_return *value;
    }
};

/// What one call gives: a value, "absent", or "error".
template<class Load>
std::string ask_once(asio::io_context& io, flights& subject, Load load) {
    std::string answer;
    auto const ask = [&]() -> asio::awaitable<void> {
        try {
            std::optional<std::string> const value = co_await subject.get_or_load("k", load);
            answer = value.value_or("absent");
        } catch (std::runtime_error const&) {
            answer = "error";
        }
    };
    asio::co_spawn(io, ask, asio::detached);
    io.restart();
    io.run();
    return answer;
}

} // namespace

TEST_CASE("cache: that a key has no value is loaded once and kept for its own time") {
    asio::io_context io;
    orfeas::manual_clock clock;
    text_cache store{{.ttl_jitter = 0, .negative_ttl = 5s}, clock};
    flights subject{io.get_executor(), store};
    told_load const load{std::make_shared<std::optional<std::string>>()};
    CHECK(ask_once(io, subject, load) == "absent");
    CHECK(ask_once(io, subject, load) == "absent");
    CHECK(*load.started == 1);
    clock.advance(5s);
    *load.value = "now there";
    CHECK(ask_once(io, subject, load) == "now there");
    CHECK(*load.started == 2);
}

TEST_CASE("cache: a stale value is answered while one load runs") {
    asio::io_context io;
    orfeas::manual_clock clock;
    text_cache store{{.ttl = 10s, .ttl_jitter = 0, .stale_while_revalidate = 5s}, clock};
    flights subject{io.get_executor(), store};
    told_load const load{std::make_shared<std::optional<std::string>>("new")};
    store.put("k", "old");
    clock.advance(12s);
    CHECK(ask_once(io, subject, load) == "old");
    CHECK(*load.started == 1);
    CHECK(ask_once(io, subject, load) == "new");
    CHECK(*load.started == 1);
    CHECK(store.stats().stale_served == 1);
    clock.advance(15s);
    *load.value = "newer";
    CHECK(ask_once(io, subject, load) == "newer"); // too old to be shown
}

TEST_CASE("cache: a stale value is answered when the load fails, for as long as the options say") {
    asio::io_context io;
    orfeas::manual_clock clock;
    text_cache store{{.ttl = 10s, .ttl_jitter = 0, .stale_if_error = 60s}, clock};
    flights subject{io.get_executor(), store};
    told_load load{std::make_shared<std::optional<std::string>>("new")};
    load.throws = true;
    store.put("k", "old");
    clock.advance(30s);
    CHECK(ask_once(io, subject, load) == "old");
    CHECK(store.stats().stale_served == 1);
    CHECK(store.stats().load_failures == 1);
    clock.advance(40s);
    CHECK(ask_once(io, subject, load) == "error");
    load.throws = false;
    CHECK(ask_once(io, subject, load) == "new");
}

TEST_CASE("cache: a value whose key was invalidated during the load reaches its callers and is not stored") {
    asio::io_context io;
    auto store = make_cache();
    flights subject{io.get_executor(), store};
    gate door{io};
    outcomes out;
    gated_load const load{std::make_shared<std::atomic<int>>(0), &door, "k"};
    asio::co_spawn(io, call(subject, "k", load, out), asio::detached);
    settle(io);
    store.erase("k");
    door.open();
    io.restart();
    io.run();
    CHECK(out.right == 1);
    CHECK(store.size() == 0);
}

TEST_CASE("cache: the loader may outlive its caller and this object, it owns what it reads") {
    asio::io_context io;
    auto store = make_cache();
    gate door{io};
    outcomes out;
    asio::cancellation_signal leave;
    {
        flights subject{io.get_executor(), store};
        gated_load load{std::make_shared<std::atomic<int>>(0), &door, "k"};
        asio::co_spawn(io, call(subject, "k", std::move(load), out),
                       asio::bind_cancellation_slot(leave.slot(), asio::detached));
        settle(io);
        leave.emit(asio::cancellation_type::terminal);
        settle(io);
    }
    CHECK(out.aborted == 1);
    door.open();
    io.restart();
    io.run();
    CHECK(store.peek("k") == "value of k");
}

TEST_CASE("cache: who waits with a stale value gets it when the load fails, though this object is gone") {
    asio::io_context io;
    orfeas::manual_clock clock;
    text_cache store{{.ttl = 10s, .ttl_jitter = 0, .stale_if_error = 60s}, clock};
    store.put("k", "value of k");
    clock.advance(20s);
    gate door{io};
    outcomes out;
    auto const failing = [&door]() -> asio::awaitable<std::string> {
        co_await door.pass();
        throw std::runtime_error{"the source is down"};
    };
    auto subject = std::make_unique<flights>(io.get_executor(), store); // whose memory is gone, too
    asio::co_spawn(io, call(*subject, "k", failing, out), asio::detached);
    settle(io);
    subject.reset();
    door.open();
    io.restart();
    io.run();
    CHECK(out.right == 1);
    CHECK(store.stats().stale_served == 1);
}

TEST_CASE("cache: a context destroyed during a load leaks nothing and fails callers of other contexts") {
    auto store = make_cache();
    outcomes here;
    outcomes elsewhere;
    int started = 0;
    asio::io_context other;
    std::optional<asio::io_context> io{std::in_place};
    flights subject{io->get_executor(), store};
    auto const endless = [&started]() -> asio::awaitable<std::string> {
        ++started;
        asio::steady_timer never{co_await asio::this_coro::executor, asio::steady_timer::time_point::max()};
        co_await never.async_wait(asio::use_awaitable);
        co_return "never";
    };
    for (int i = 0; i < 3; ++i) {
        asio::co_spawn(*io, call(subject, "k", endless, here), asio::detached);
        asio::co_spawn(other, call(subject, "k", endless, elsewhere), asio::detached);
    }
    settle(*io);
    settle(other);
    settle(*io);
    CHECK(started == 1);
    io.reset();
    other.restart();
    other.run();
    CHECK(elsewhere.aborted == 3);
    CHECK(here.right == 0);
}

TEST_CASE("cache: callers on many threads, some cancelled, get one load per key and round") {
    auto const seed = std::random_device{}();
    INFO("seed " << seed);
    constexpr int keys = 20;
    constexpr int callers = 50;
    asio::thread_pool loads_run_on{2};
    asio::thread_pool callers_run_on{2};
    cache::local<std::string, std::string> store;
    cache::single_flight subject{loads_run_on.get_executor(), store};
    std::vector<std::atomic<int>> started(keys);
    outcomes out;
    std::mt19937 random{seed};
    // A signal belongs to the strand of its caller: Asio wants both used from one place at a time.
    struct caller {
        asio::strand<asio::thread_pool::executor_type> strand;
        asio::cancellation_signal leave;
    };
    std::vector<std::unique_ptr<caller>> all;
    auto const ask = [&](int key) -> asio::awaitable<void> {
        auto load = [&started, key]() -> asio::awaitable<std::string> {
            ++started[static_cast<std::size_t>(key)];
            asio::steady_timer pause{co_await asio::this_coro::executor, 2ms};
            co_await pause.async_wait(asio::use_awaitable);
            co_return std::to_string(key);
        };
        try {
            auto const value = co_await subject.get_or_load(std::to_string(key), std::move(load));
            ++(value == std::to_string(key) ? out.right : out.failed);
        } catch (boost::system::system_error const&) {
            ++out.aborted;
        }
    };
    for (int i = 0; i < keys * callers; ++i) {
        auto& added = *all.emplace_back(new caller{asio::make_strand(callers_run_on.get_executor()), {}});
        asio::co_spawn(added.strand, ask(i % keys), asio::bind_cancellation_slot(added.leave.slot(), asio::detached));
        if (random() % 4 == 0) {
            asio::post(added.strand, [&added] { added.leave.emit(asio::cancellation_type::terminal); });
        }
    }
    callers_run_on.join();
    loads_run_on.join();
    CHECK(out.right + out.aborted == keys * callers);
    CHECK(out.failed == 0);
    for (auto const& count : started) {
        CHECK(count == 1);
    }
    CHECK(store.size() == keys);
}

TEST_CASE("cache: loads on an executor of another type than any_io_executor") {
    asio::io_context io;
    using executor = asio::io_context::executor_type;
    cache::local<int, int> store;
    cache::single_flight<cache::local<int, int>, executor> subject{io.get_executor(), store};
    int seen = 0;
    auto const ask = [&]() -> asio::awaitable<void, executor> {
        auto load = []() -> asio::awaitable<int, executor> { co_return 42; };
        seen = co_await subject.get_or_load(1, std::move(load));
    };
    asio::co_spawn(io.get_executor(), ask, asio::detached);
    io.run();
    CHECK(seen == 42);
    CHECK(store.peek(1) == 42);
}

TEST_CASE("cache: who asks after a change does not join a load that began before") {
    asio::io_context io;
    auto store = make_cache();
    flights subject{io.get_executor(), store};
    gate old_door{io};
    gate new_door{io};
    outcomes before;
    outcomes after;
    outcomes of_other;
    auto const old_loads = std::make_shared<std::atomic<int>>(0);
    auto const new_loads = std::make_shared<std::atomic<int>>(0);
    auto const ask = [&](std::string key, std::shared_ptr<std::atomic<int>> loads, gate& door, outcomes& out) {
        asio::co_spawn(io, call(subject, key, gated_load{loads, &door, key}, out), asio::detached);
        settle(io);
    };
    ask("a", old_loads, old_door, before);
    ask("b", old_loads, old_door, of_other);
    SECTION("of the key") {
        subject.detach("a");
        subject.detach("c");
        ask("b", new_loads, new_door, of_other);
        CHECK(*new_loads == 0);
    }
    SECTION("of all") {
        subject.detach_all();
        ask("b", new_loads, new_door, of_other);
        CHECK(*new_loads == 1);
    }
    int const others = *new_loads;
    ask("a", new_loads, new_door, after);
    CHECK(*new_loads == others + 1);
    old_door.open(); // its end must not take the new load out
    settle(io);
    CHECK(before.right == 1);
    CHECK(after.right == 0);
    store.erase("a");
    ask("a", new_loads, new_door, after);
    CHECK(*new_loads == others + 1); // joined
    new_door.open();
    settle(io);
    CHECK(after.right == 2);
    CHECK(of_other.right == 2);
}
