// SPDX-License-Identifier: MIT

// Boost.Asio counts references with a stand-alone fence, which ThreadSanitizer does not model; its other way has none.
#if defined(__SANITIZE_THREAD__)
#    define ORFEAS_TEST_THREAD_SANITIZER
#elif defined(__has_feature)
#    if __has_feature(thread_sanitizer)
#        define ORFEAS_TEST_THREAD_SANITIZER
#    endif
#endif
#if defined(ORFEAS_TEST_THREAD_SANITIZER) && !defined(BOOST_ASIO_DISABLE_STD_ATOMIC)
#    define BOOST_ASIO_DISABLE_STD_ATOMIC
#endif

#include "support/catch.hpp"

#include <orfeas/trace/asio.hpp>
#include <orfeas/trace/tracer.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <exception>
#include <map>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;
namespace trace = orfeas::trace;
using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

namespace {

template<class T>
using task = asio::awaitable<T>;

void run(asio::io_context& io, int threads) {
    std::vector<std::thread> others;
    for (int i = 1; i < threads; ++i) {
        others.emplace_back([&io] { io.run(); });
    }
    io.run();
    for (auto& each : others) {
        each.join();
    }
}

std::map<std::string, std::string> parents(trace::stored_trace const& whole) {
    std::map<std::uint64_t, std::string> names;
    for (auto const& each : whole.spans) {
        names[each.id.value] = each.name;
    }
    std::map<std::string, std::string> all;
    for (auto const& each : whole.spans) {
        all[each.name] = each.parent ? names[each.parent.value] : "";
    }
    return all;
}

task<void> pause(std::chrono::microseconds time) {
    auto const executor = co_await asio::this_coro::executor;
    asio::steady_timer timer{executor, time};
    co_await timer.async_wait(asio::use_awaitable);
}

} // namespace

// ---- what a user does ------------------------------------------------------------------------------------------------

namespace {

task<int> decode() {
    trace::span s{"decode"};
    co_await pause(100us);
    trace::annotate("bytes", 42);
    co_return 42;
}

task<int> handler() {
    int const bytes = co_await decode();
    trace::span s{"reply"};
    co_await asio::post(asio::use_awaitable);
    co_return bytes;
}

task<int> failing() {
    co_await pause(1us);
    throw std::runtime_error{"no such picture"};
}

template<class T>
task<T> request(trace::tracer& tracer, std::optional<trace::remote_parent> parent, task<T> work) {
    co_return co_await trace::run_traced(tracer, std::move(parent), "POST /x", std::move(work));
}

} // namespace

TEST_CASE("trace: a request handler runs below a root span") {
    trace::tracer tracer;
    asio::io_context io;
    trace::span_context const remote{{1, 2}, {3}, 1};
    std::optional<trace::remote_parent> parent{remote};
    int answer = 0;
    asio::co_spawn(io, request(tracer, parent, handler()), [&](std::exception_ptr, int result) { answer = result; });
    io.run();
    CHECK(answer == 42);
    auto const whole = tracer.store().find(remote.trace);
    REQUIRE(whole.has_value());
    CHECK(whole->spans.front().parent == remote.span);
    auto const tree = parents(*whole);
    CHECK(tree.at("decode") == "POST /x");
    CHECK(tree.at("reply") == "POST /x");
    CHECK(whole->spans.at(1).find("bytes") != nullptr);
}

TEST_CASE("trace: an exception of a handler fails its trace and reaches the caller") {
    trace::tracer tracer;
    asio::io_context io;
    std::string caught;
    asio::co_spawn(io, request(tracer, std::nullopt, failing()), [&](std::exception_ptr error, int) {
        try {
            std::rethrow_exception(error);
        } catch (std::runtime_error const& e) {
            caught = e.what();
        }
    });
    io.run();
    CHECK(caught == "no such picture");
    auto const list = tracer.store().recent(1);
    REQUIRE(list.size() == 1);
    CHECK(list[0].status == trace::span_status::error);
    CHECK(tracer.store().find(list[0].id)->spans.front().failure == "no such picture");
}

TEST_CASE("trace: cancelling the caller of a traced handler cancels the handler") {
    auto const type = GENERATE(asio::cancellation_type::terminal, asio::cancellation_type::total);
    trace::tracer tracer;
    asio::io_context io;
    asio::cancellation_signal stop;
    bool cancelled = false;
    auto const caller = [](trace::tracer& to) -> task<void> {
        co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
        co_await request(to, std::nullopt, pause(10min));
    };
    asio::co_spawn(io, caller(tracer), asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr error) {
                       cancelled = error != nullptr;
                   }));
    asio::steady_timer soon{io, 1ms};
    soon.async_wait([&](boost::system::error_code) { stop.emit(type); });
    io.run();
    CHECK(cancelled);
    CHECK(tracer.active() == 0);
    CHECK(tracer.store().recent(1).size() == 1);
}

TEST_CASE("trace: a disabled tracer runs the handler all the same") {
    trace::tracer tracer{trace::tracer_options{.enabled = false}};
    asio::io_context io;
    int answer = 0;
    asio::co_spawn(io, request(tracer, std::nullopt, handler()),
                   [&](std::exception_ptr, int result) { answer = result; });
    io.run();
    CHECK(answer == 42);
    CHECK(tracer.store().recent(1).empty());
}

TEST_CASE("trace: coroutines that are destroyed while suspended end their spans, also after the tracer") {
    auto const tracer_first = GENERATE(false, true);
    std::optional<asio::io_context> io{std::in_place};
    std::optional<trace::tracer> tracer{std::in_place};
    asio::co_spawn(*io, request(*tracer, std::nullopt, pause(10min)), asio::detached);
    io->poll();
    CHECK(tracer->active() == 1);
    if (tracer_first) {
        tracer.reset();
        io.reset();
    } else {
        io.reset();
        CHECK(tracer->active() == 0);
    }
    CHECK_FALSE(trace::current_context());
}

// ---- properties ------------------------------------------------------------------------------------------------------

TEST_CASE("trace: a traced executor keeps its logical thread through properties") {
    namespace execution = asio::execution;
    asio::io_context io;
    auto const traced = trace::fork(io.get_executor());
    CHECK(&asio::query(traced, execution::context) == &io);
    auto const tracked = asio::prefer(traced, execution::outstanding_work.tracked);
    static_assert(requires { tracked.inner(); }, "wrapped again");
    CHECK(asio::query(tracked, execution::outstanding_work) == execution::outstanding_work.tracked);
    auto const never = asio::require(traced, execution::blocking.never);
    CHECK(asio::query(never, execution::blocking) == execution::blocking.never);
    auto const copy = traced;
    CHECK(traced == copy);
    CHECK_FALSE(traced == trace::fork(io.get_executor()));
}

TEST_CASE("trace: forking a traced executor replaces its logical thread and adds no layer") {
    using native = asio::io_context::executor_type;
    asio::io_context io;
    auto const traced = trace::fork(io.get_executor());
    static_assert(std::is_same_v<decltype(trace::fork(traced)), trace::traced_executor<native>>);
    asio::any_io_executor const erased = traced;
    auto const again = trace::fork(erased);
    REQUIRE(again.target<trace::traced_executor<native>>() != nullptr);
    CHECK(again != erased);
    auto const from_bare = trace::fork(asio::any_io_executor{io.get_executor()});
    CHECK(from_bare.target<trace::traced_executor<native>>() != nullptr);
    auto const strand = asio::any_io_executor{asio::make_strand(io)};
    auto const on_strand = trace::fork(strand);
    auto const* const layer = on_strand.target<trace::traced_executor<asio::any_io_executor>>();
    REQUIRE(layer != nullptr);
    CHECK(layer->inner() == strand);
    auto const strand_again = trace::fork(on_strand);
    CHECK(strand_again.target<trace::traced_executor<asio::any_io_executor>>()->inner() == strand);
}

TEST_CASE("trace: a logical thread's span is current in its functions and nowhere else") {
    trace::tracer tracer;
    asio::io_context io;
    trace::span_context root;
    std::optional<asio::any_io_executor> inside;
    {
        auto span = tracer.root("root");
        root = span.ids();
        inside = trace::fork(io.get_executor());
    }
    std::vector<trace::span_context> seen;
    auto const look = [&] { seen.push_back(trace::current_context()); };
    asio::post(io, look);
    asio::post(*inside, look);
    asio::post(io, look);
    asio::dispatch(*inside, look);
    asio::post(*inside, [&] {
        asio::dispatch(io, look);
        asio::post(io, look);
        asio::post(trace::fork(io.get_executor()), look);
    });
    io.run();
    trace::span_context const none;
    CHECK(seen == std::vector<trace::span_context>{none, root, none, root, root, none, root});
}

// ---- many coroutines -------------------------------------------------------------------------------------------------

namespace {

using seed_type = std::mt19937::result_type;

/// What the coroutines of one randomised run share.
struct world {
    asio::io_context io{4};
    asio::thread_pool pool{2};
    std::atomic<std::uint64_t> checks{0};
    std::atomic<std::uint64_t> wrong{0};

    void expect(trace::span_context const& span) {
        ++checks;
        if (trace::current_context() != span) {
            ++wrong;
        }
    }
};

/// One random wait, in every way that a handler may wait.
task<void> hop(world& all, std::mt19937& random) {
    auto const executor = co_await asio::this_coro::executor;
    switch (random() % 9) {
    case 0:
        co_await asio::post(asio::use_awaitable);
        break;
    case 1:
        co_await asio::post(all.io, asio::use_awaitable);
        break;
    case 2:
        co_await asio::post(all.pool, asio::use_awaitable);
        break;
    case 3:
        co_await asio::dispatch(executor, asio::use_awaitable);
        break;
    case 4: {
        asio::steady_timer timer{executor, std::chrono::microseconds{random() % 50}};
        co_await timer.async_wait(asio::use_awaitable);
        break;
    }
    case 5: {
        asio::steady_timer timer{all.io, std::chrono::microseconds{random() % 50}};
        co_await timer.async_wait(asio::use_awaitable);
        break;
    }
    case 6: {
        auto elsewhere = asio::bind_executor(all.pool, trace::traced(asio::use_awaitable));
        co_await asio::post(std::move(elsewhere));
        break;
    }
    case 7: {
        auto const strand = asio::make_strand(all.io);
        co_await asio::post(strand, asio::use_awaitable);
        break;
    }
    default: {
        bool const own_executor = random() % 2 == 0;
        auto const where = own_executor ? executor : asio::any_io_executor{all.io.get_executor()};
        asio::local::stream_protocol::socket one{where};
        asio::local::stream_protocol::socket other{where};
        asio::local::connect_pair(one, other);
        std::array<char, 4> sent{'p', 'i', 'n', 'g'};
        std::array<char, 4> received{};
        co_await asio::async_write(one, asio::buffer(sent), asio::use_awaitable);
        co_await asio::async_read(other, asio::buffer(received), asio::use_awaitable);
    }
    }
}

task<void> node(world& all, seed_type seed, int depth, trace::span_context parent);

/// Three branches at once, each on a logical thread of its own. Runs on a strand, as Boost.Asio wants it of a coroutine
/// that waits for a parallel group on several threads.
task<void> join_branches(world& all, std::mt19937& random, int depth, trace::span_context here) {
    all.expect(here);
    auto const executor = co_await asio::this_coro::executor;
    auto one = trace::co_spawn(executor, node(all, random(), depth, here), asio::use_awaitable);
    auto two = trace::co_spawn(all.io, node(all, random(), depth, here), asio::use_awaitable);
    auto const strand = asio::make_strand(all.io);
    auto three = trace::co_spawn(strand, node(all, random(), depth, here), asio::use_awaitable);
    co_await (std::move(one) && std::move(two) && std::move(three));
    all.expect(here);
}

task<void> branches(world& all, std::mt19937& random, int depth, trace::span_context here) {
    auto joined = join_branches(all, random, depth, here);
    auto const strand = asio::make_strand(all.io);
    co_await trace::co_spawn(strand, std::move(joined), asio::use_awaitable);
}

/// A span that does random things and checks after each of them that it is current.
task<void> node(world& all, seed_type seed, int depth, trace::span_context parent) {
    std::mt19937 random{seed};
    all.expect(parent);
    {
        trace::span self{"node"};
        trace::span_context const here = self.ids();
        self.set("parent", to_string(parent.span));
        all.expect(here);
        for (int step = 0; step < 6; ++step) {
            switch (depth > 0 ? random() % 4 : 0) {
            case 1:
                co_await node(all, random(), depth - 1, here);
                break;
            case 2:
                co_await branches(all, random, depth - 1, here);
                break;
            default:
                co_await hop(all, random);
            }
            all.expect(here);
        }
    }
    all.expect(parent);
}

task<void> rooted(world& all, seed_type seed) {
    auto const here = trace::current_context();
    co_await node(all, seed, 2, here);
    all.expect(here);
}

task<void> session(world& all, trace::tracer& tracer, seed_type seed) {
    std::mt19937 random{seed};
    for (int i = 0; i < 6; ++i) {
        auto work = rooted(all, random());
        co_await trace::run_traced(tracer, std::nullopt, "root", std::move(work));
        all.expect(trace::span_context{});
    }
}

/// How many spans say of their parent what the tree says, and how many do not.
struct census {
    std::uint64_t right = 0;
    std::uint64_t misplaced = 0;
};

census count_spans(trace::tracer const& tracer) {
    census found;
    for (auto const& each : tracer.store().recent(1000)) {
        CHECK(each.dropped == 0);
        auto const whole = *tracer.store().find(each.id);
        for (auto const& span : whole.spans) {
            auto const* const expected = span.find("parent");
            bool const right = expected == nullptr || *expected == trace::attribute_value{to_string(span.parent)};
            ++(right ? found.right : found.misplaced);
        }
    }
    return found;
}

} // namespace

TEST_CASE("trace: no span has a wrong parent, whatever a coroutine waits for and wherever it resumes") {
    std::uint32_t const seed = std::random_device{}();
    CAPTURE(seed);
    constexpr std::uint64_t enough = 100'000;
    constexpr std::uint32_t sessions = 8;
    std::uint64_t checks = 0;
    for (std::uint32_t round = 0; checks < enough; ++round) {
        trace::tracer tracer{trace::tracer_options{.spans_per_trace = 65536, .stored_bytes = std::uint64_t{1} << 28U}};
        world all;
        for (std::uint32_t i = 0; i < sessions; ++i) {
            asio::co_spawn(all.io, session(all, tracer, seed + round * sessions + i), [](std::exception_ptr error) {
                if (error) {
                    std::rethrow_exception(error);
                }
            });
        }
        run(all.io, 4);
        all.pool.join();
        REQUIRE(all.wrong == 0);
        REQUIRE(all.checks > 1000);
        CHECK(tracer.active() == 0);
        CHECK(tracer.store().recent(1000).size() == sessions * 6);
        auto const spans = count_spans(tracer);
        CHECK(spans.right > 100);
        REQUIRE(spans.misplaced == 0);
        checks += all.checks;
    }
}

TEST_CASE("trace: a span of a traced coroutine ends where the coroutine was moved by a foreign executor") {
    trace::tracer tracer;
    asio::io_context io;
    asio::thread_pool pool{1};
    auto const work = [](asio::thread_pool& elsewhere) -> task<void> {
        trace::span inner{"inner"};
        auto token = asio::bind_executor(elsewhere, asio::use_awaitable);
        co_await asio::post(std::move(token)); // resumes on the pool, where no context is known
        co_await asio::post(asio::use_awaitable);
        trace::span back{"back"};
    };
    asio::co_spawn(io, request(tracer, std::nullopt, work(pool)), asio::detached);
    io.run();
    pool.join();
    auto const list = tracer.store().recent(1);
    REQUIRE(list.size() == 1);
    auto const tree = parents(*tracer.store().find(list[0].id));
    CHECK(tree.at("inner") == "POST /x");
    CHECK(tree.at("back") == "inner");
}

namespace {

task<int> branch(std::string name, int value, std::chrono::milliseconds wait) {
    trace::span s{name};
    asio::steady_timer timer{co_await asio::this_coro::executor, wait};
    co_await timer.async_wait(asio::use_awaitable);
    trace::span leaf{name + " leaf"};
    co_return value;
}

task<void> failing_branch(std::string why) {
    trace::span s{"failing"};
    asio::steady_timer timer{co_await asio::this_coro::executor, 1ms};
    co_await timer.async_wait(asio::use_awaitable);
    throw std::runtime_error{why};
}

task<void> silent_branch() {
    trace::span s{"silent"};
    co_return;
}

/// The name of each span's parent, by the span's name.
std::map<std::string, std::string> parents_of(trace::tracer const& tracer) {
    auto const whole = tracer.store().find(tracer.store().recent(1).at(0).id).value();
    std::map<std::uint64_t, std::string> names;
    std::map<std::string, std::string> parents;
    for (auto const& each : whole.spans) {
        names[each.id.value] = each.name;
    }
    for (auto const& each : whole.spans) {
        parents[each.name] = each.parent ? names[each.parent.value] : "";
    }
    return parents;
}

} // namespace

TEST_CASE("trace: when_all gives all results, and no branch's spans are below another's") {
    asio::io_context io;
    trace::tracer tracer;
    auto work = []() -> task<void> {
        auto a = branch("a", 1, 3ms);
        auto b = branch("b", 2, 1ms);
        auto c = silent_branch();
        auto [first, second, nothing] = co_await trace::when_all(std::move(a), std::move(b), std::move(c));
        CHECK(first == 1);
        CHECK(second == 2);
        static_assert(std::is_same_v<decltype(nothing), std::monostate>);
        trace::span after{"after"};
    };
    asio::co_spawn(io, trace::run_traced(tracer, std::nullopt, "root", work()), asio::detached);
    run(io, 1);
    auto const parents = parents_of(tracer);
    for (auto const* const name : {"a", "b", "silent", "after"}) {
        CHECK(parents.at(name) == "root");
    }
    CHECK(parents.at("a leaf") == "a");
    CHECK(parents.at("b leaf") == "b");
}

TEST_CASE("trace: parallel runs any number of branches and keeps their order") {
    asio::io_context io;
    trace::tracer tracer;
    auto work = []() -> task<void> {
        std::vector<task<int>> branches;
        for (int i = 0; i < 20; ++i) {
            branches.push_back(branch(std::to_string(i), i, std::chrono::milliseconds{20 - i}));
        }
        auto const values = co_await trace::parallel(std::move(branches));
        for (int i = 0; i < 20; ++i) {
            CHECK(values.at(static_cast<std::size_t>(i)) == i);
        }
        std::vector<task<void>> none;
        co_await trace::parallel(std::move(none));
    };
    asio::co_spawn(io, trace::run_traced(tracer, std::nullopt, "root", work()), asio::detached);
    run(io, 1);
    auto const parents = parents_of(tracer);
    for (int i = 0; i < 20; ++i) {
        CHECK(parents.at(std::to_string(i)) == "root");
        CHECK(parents.at(std::to_string(i) + " leaf") == std::to_string(i));
    }
}

TEST_CASE("trace: a branch that throws cancels the others, and its exception goes on") {
    asio::io_context io;
    trace::tracer tracer;
    bool caught = false;
    auto work = [](bool& done) -> task<void> {
        auto slow = branch("slow", 1, 1h);
        auto bad = failing_branch("boom");
        try {
            co_await trace::when_all(std::move(slow), std::move(bad));
        } catch (std::runtime_error const& error) {
            done = std::string{error.what()} == "boom";
        }
    };
    asio::co_spawn(io, trace::run_traced(tracer, std::nullopt, "root", work(caught)), asio::detached);
    run(io, 1);
    CHECK(caught);
    CHECK(tracer.active() == 0);
    CHECK(parents_of(tracer).at("failing") == "root");
}
