// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/manual_clock.hpp>
#include <orfeas/trace/sampling.hpp>
#include <orfeas/trace/tracer.hpp>

#include <chrono>
#include <map>
#include <random>
#include <set>
#include <string>

namespace trace = orfeas::trace;
using namespace std::chrono_literals;
using orfeas_test::contains;
using decision = trace::head_decision;
using reason = trace::keep_reason;

namespace {

using manual_tracer = trace::basic_tracer<orfeas::manual_clock>;

decision decide(trace::standard_head_sampler& sampler, std::string_view name, trace::span_context parent = {},
                orfeas::trace_id id = {1, ~0U}) {
    auto now = [] { return orfeas::monotonic_time{}; };
    return sampler.decide({parent, id, name, trace::span_kind::internal, now});
}

std::uint64_t kept(manual_tracer const& tracer, reason why) {
    return tracer.store().stats().kept_total[static_cast<std::size_t>(why)];
}

void run(manual_tracer& tracer, orfeas::manual_clock& clock, std::chrono::nanoseconds duration, bool fails = false) {
    auto root = tracer.root("work");
    clock.advance(duration);
    if (fails) {
        root.fail();
    }
}

/// Samples traces whose root begins with "a"; keeps those that took an even number of milliseconds.
struct first_letter {
    decision decide(trace::sampling_request const& request) noexcept {
        return request.name.starts_with("a") ? decision::record_and_sample : decision::drop;
    }
};
struct even_milliseconds {
    reason keep(trace::trace_outcome const& outcome) noexcept {
        return outcome.duration / 1ms % 2 == 0 ? reason::attribute : reason::none;
    }
};
static_assert(trace::head_sampler<first_letter> && !trace::head_sampler<even_milliseconds>);
static_assert(trace::tail_policy<even_milliseconds> && !trace::tail_policy<first_letter>);

} // namespace

TEST_CASE("trace: the ratio samples the share it says, and all who ask agree") {
    std::uint64_t const seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    trace::standard_head_sampler sampler{{.sample_ratio = 0.25}};
    int sampled = 0;
    for (int i = 0; i < 20'000; ++i) {
        orfeas::trace_id const id{random(), random()};
        auto const first = decide(sampler, "x", {}, id);
        CHECK(first == decide(sampler, "y", {}, id));
        sampled += first == decision::record_and_sample ? 1 : 0;
    }
    CHECK(sampled > 4'500);
    CHECK(sampled < 5'500);
}

TEST_CASE("trace: a larger ratio samples all that a smaller one does") {
    std::mt19937_64 random{7};
    for (int i = 0; i < 2000; ++i) {
        orfeas::trace_id const id{random(), random()};
        CHECK((!trace::detail::is_in_ratio(id, 0.1) || trace::detail::is_in_ratio(id, 0.3)));
        CHECK(trace::detail::is_in_ratio(id, 1));
        CHECK_FALSE(trace::detail::is_in_ratio(id, 0));
    }
}

TEST_CASE("trace: a trace from another process follows its sampled flag") {
    trace::standard_head_sampler none{{.sample_ratio = 0}};
    trace::standard_head_sampler all{{}};
    CHECK(decide(none, "x", {{1, 2}, {3}, 1}) == decision::record_and_sample);
    CHECK(decide(none, "x") == decision::record_only);
    CHECK(decide(all, "x", {{1, 2}, {3}, 0}) == decision::record_only);
    trace::standard_head_sampler strict{{.sample_ratio = 0, .record_unsampled = false}};
    CHECK(decide(strict, "x") == decision::drop);
}

TEST_CASE("trace: the first rule that names the root says its ratio") {
    trace::standard_head_sampler sampler{{.sample_rules = {"GET /healthz=0", "GET *=1", "*=0"}}};
    CHECK(decide(sampler, "GET /healthz") == decision::record_only);
    CHECK(decide(sampler, "GET /api") == decision::record_and_sample);
    CHECK(decide(sampler, "POST /api") == decision::record_only);
}

TEST_CASE("trace: a malformed rule is refused with its text") {
    for (auto const* const bad : {"", "name", "=0.5", "name=", "name=2", "name=-1", "name=0.5x", "name=nan"}) {
        CHECK_THROWS_WITH(trace::standard_head_sampler({.sample_rules = {bad}}), contains("sample_rules"));
        CHECK_THROWS_WITH(trace::tracer({.sample_rules = {bad}}), contains("NAME=RATIO"));
    }
}

TEST_CASE("trace: the rate lets a second's worth through at once, and then as many a second") {
    trace::detail::rate_gate gate{10};
    orfeas::monotonic_time now{100s};
    auto const passed = [&](int asked) {
        int count = 0;
        for (int i = 0; i < asked; ++i) {
            count += gate.pass(now) ? 1 : 0;
        }
        return count;
    };
    CHECK(passed(100) == 10);
    now += 300ms;
    CHECK(passed(100) == 3);
    now += 1h;
    CHECK(passed(100) == 10);
    trace::detail::rate_gate slow{0.5};
    CHECK(slow.pass(now));
    CHECK_FALSE(slow.pass(now + 1s));
    CHECK(slow.pass(now + 2s));
    CHECK(trace::detail::rate_gate{0}.is_open());
}

TEST_CASE("trace: a tracer samples by rate on its own clock") {
    orfeas::manual_clock clock;
    manual_tracer tracer{{.sample_per_second = 2, .record_unsampled = false}, clock};
    for (int i = 0; i < 10; ++i) {
        run(tracer, clock, 100ms);
    }
    CHECK(tracer.store().stats().traces_total == 3); // two at once, one more in the second after
}

TEST_CASE("trace: a trace that is not sampled travels on with its ids, and is not recorded") {
    trace::tracer tracer{{.sample_ratio = 0, .record_unsampled = false}};
    {
        auto root = tracer.span("root");
        CHECK_FALSE(root.recording());
        auto const ids = trace::current_context();
        CHECK(ids);
        CHECK_FALSE(ids.sampled());
        CHECK(ids == root.ids());
        {
            trace::span child{"child"};
            auto sibling = tracer.span("sibling");
            child.set("key", 1);
            CHECK_FALSE(child.recording());
            CHECK_FALSE(sibling.recording());
            CHECK(trace::current_context() == ids);
            trace::annotate("key", 1);
            auto detached = tracer.detached("detached");
            CHECK_FALSE(detached.recording());
            CHECK(detached.ids() == ids);
            auto below = tracer.span("below", detached.context()); // no trace of its own
            CHECK_FALSE(below.recording());
            CHECK(trace::current_context() == ids);
            detached.end();
            CHECK_FALSE(detached.context());
        }
        CHECK(trace::capture().ids() == ids);
    }
    CHECK_FALSE(trace::current_context());
    CHECK(tracer.active() == 0);
    CHECK(tracer.store().stats().traces_total == 0);
}

TEST_CASE("trace: a trace recorded for this process alone does not tell others to record") {
    trace::tracer tracer{{.sample_ratio = 0}};
    {
        auto root = tracer.span("root");
        CHECK(root.recording());
        CHECK_FALSE(root.ids().sampled());
    }
    CHECK(tracer.store().recent(1).size() == 1);
}

TEST_CASE("trace: the tail keeps failures, the slow and the unusual, and says why") {
    orfeas::manual_clock clock;
    manual_tracer tracer{{.keep_slower_than = 100ms, .keep_quantile = 0.99, .keep_ratio = 0, .slow_traces = 0}, clock};
    for (int i = 0; i < 200; ++i) {
        run(tracer, clock, 10ms);
    }
    CHECK(tracer.store().recent(10).empty());
    run(tracer, clock, 10ms, true);
    run(tracer, clock, 200ms);
    run(tracer, clock, 50ms);
    auto const list = tracer.store().recent(10);
    REQUIRE(list.size() == 3);
    CHECK(list[2].reason == reason::error);
    CHECK(list[1].reason == reason::slow);
    CHECK(list[0].reason == reason::unusual);
    CHECK(kept(tracer, reason::none) == 200);
    CHECK(kept(tracer, reason::unusual) == 1);
    CHECK(tracer.store().operations().at(0).count == 203);
}

TEST_CASE("trace: a few of each root are kept every second") {
    orfeas::manual_clock clock;
    manual_tracer tracer{{.keep_per_second = 2, .keep_ratio = 0}, clock};
    for (int i = 0; i < 100; ++i) {
        run(tracer, clock, 100ms);
    }
    CHECK(kept(tracer, reason::quota) >= 20);
    CHECK(kept(tracer, reason::quota) <= 22);
}

TEST_CASE("trace: failures are not kept where the options say so") {
    orfeas::manual_clock clock;
    manual_tracer tracer{{.keep_errors = false, .keep_ratio = 0}, clock};
    run(tracer, clock, 1ms, true);
    CHECK(kept(tracer, reason::none) == 1);
}

TEST_CASE("trace: a sampler and a policy of the application's own") {
    orfeas::manual_clock clock;
    trace::basic_tracer<orfeas::manual_clock, first_letter, even_milliseconds> tracer{{}, clock, {}, {}};
    for (int i = 1; i <= 4; ++i) {
        auto root = tracer.root("ab");
        clock.advance(std::chrono::milliseconds{i});
    }
    { auto other = tracer.root("b"); }
    auto const list = tracer.store().recent(10);
    REQUIRE(list.size() == 2);
    CHECK(list[0].duration == 4ms);
    CHECK(list[1].reason == reason::attribute);
}
