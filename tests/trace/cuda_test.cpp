// SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "trace/fake_gpu.hpp"

#include <orfeas/core/manual_clock.hpp>
#include <orfeas/trace/cuda.hpp>
#include <orfeas/trace/stored_trace.hpp>
#include <orfeas/trace/tracer.hpp>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

namespace trace = orfeas::trace;
using namespace std::chrono_literals;
using orfeas::manual_clock;
using orfeas_test::fake_gpu;
using trace::untimed_reason;

namespace {

using timeline = trace::basic_gpu_timeline<manual_clock>;
using gpu_span = trace::basic_gpu_span<manual_clock>;

void* stream(std::uintptr_t number) {
    return reinterpret_cast<void*>(number);
}

/// A traced program on a fake GPU.
struct bench {
    manual_clock clock;
    fake_gpu gpu{clock};
    trace::basic_tracer<manual_clock> tracer{{}, clock};

    std::unique_ptr<timeline> make(trace::gpu_timeline_options const& options = {}) {
        return std::make_unique<timeline>(0, options, gpu.table(), clock);
    }

    /// The spans of the last trace, without its root.
    std::vector<trace::stored_span> spans() const {
        auto const recent = tracer.store().recent(1);
        if (recent.empty()) {
            return {};
        }
        auto all = tracer.store().find(recent[0].id).value().spans;
        all.erase(all.begin());
        return all;
    }
};

double number(trace::stored_span const& of, std::string_view key) {
    auto const* const value = of.find(key);
    REQUIRE(value != nullptr);
    return std::visit(
        [](auto const& held) {
            if constexpr (std::is_arithmetic_v<std::decay_t<decltype(held)>>) {
                return static_cast<double>(held);
            } else {
                return std::nan("");
            }
        },
        *value);
}

bool is_timed(trace::stored_span const& of) {
    return number(of, "gpu.timed") != 0;
}

std::string reason(trace::stored_span const& of) {
    auto const* const value = of.find("gpu.untimed_reason");
    return value != nullptr ? std::get<std::string>(*value) : "";
}

} // namespace

TEST_CASE("trace: a GPU span tells when the GPU began and how long it took") {
    bench b;
    auto const gpu = b.make();
    REQUIRE(gpu->usable());
    {
        auto const request = b.tracer.span("request");
        b.gpu.launch(stream(7), 300us); // of somebody else, before ours
        gpu_span g{*gpu, stream(7), "smooth"};
        g.set("blocks", 64);
        b.gpu.launch(stream(7), 1500us);
        g.end();
        CHECK_FALSE(g.recording());
    }
    CHECK(gpu->poll() == 1);
    b.clock.advance(1799us);
    CHECK(gpu->poll() == 1);
    CHECK(b.spans().empty()); // the trace is open as long
    b.clock.advance(1us);
    CHECK(gpu->poll() == 0);
    auto const spans = b.spans();
    REQUIRE(spans.size() == 1);
    CHECK(spans[0].name == "smooth");
    CHECK(is_timed(spans[0]));
    CHECK(number(spans[0], "gpu.device") == 0);
    CHECK(number(spans[0], "gpu.stream") == 7);
    CHECK(number(spans[0], "gpu.queue_us") == Approx(300).margin(0.1));
    CHECK(number(spans[0], "gpu.duration_us") == Approx(1500).margin(0.1));
    CHECK(number(spans[0], "blocks") == 64);
    CHECK(gpu->timed() == 1);
    CHECK(b.gpu.complaint() == "");
    CHECK(b.gpu.contexts_pushed() == 0);
}

TEST_CASE("trace: where no span is recorded, a GPU span does not touch the GPU") {
    bench b;
    auto const gpu = b.make();
    {
        gpu_span const g{*gpu, stream(1), "smooth"};
        CHECK_FALSE(g.recording());
    }
    CHECK(gpu->waiting() == 0);
    CHECK(b.gpu.live_events() == 0);
}

TEST_CASE("trace: without a driver or a device GPU spans are spans of the host, marked so") {
    manual_clock clock;
    fake_gpu fake{clock};
    trace::basic_tracer<manual_clock> tracer{{}, clock};
    auto const use_driver = GENERATE(false, true);
    timeline gpu{use_driver ? 5 : 0, {}, use_driver ? fake.table() : nullptr, clock};
    CHECK_FALSE(gpu.usable());
    {
        auto const request = tracer.span("request");
        gpu_span const g{gpu, nullptr, "smooth"};
        clock.advance(5ms);
    }
    auto const found = tracer.store().find(tracer.store().recent(1).at(0).id).value();
    REQUIRE(found.spans.size() == 2);
    CHECK_FALSE(is_timed(found.spans[1]));
    CHECK(reason(found.spans[1]) == "no_device");
    CHECK(found.spans[1].duration == 5ms);
    CHECK(gpu.untimed(untimed_reason::no_device) == 1);
    CHECK(gpu.poll() == 0);
    CHECK(trace::cuda_event_driver::try_open("libno_such_driver.so.1") == nullptr);
}

TEST_CASE("trace: streams do not wait for each other, and one that is busy is asked once") {
    bench b;
    auto const gpu = b.make();
    {
        auto const request = b.tracer.span("request");
        for (int i = 0; i < 10; ++i) {
            gpu_span const slow{*gpu, stream(1), "slow"};
            b.gpu.launch(stream(1), 1s);
        }
        gpu_span const fast{*gpu, stream(2), "fast"};
        b.gpu.launch(stream(2), 1ms);
    }
    b.clock.advance(2ms);
    int const before = b.gpu.queries();
    CHECK(gpu->poll() == 10);
    CHECK(b.gpu.queries() == before + 2);
    b.clock.advance(10s);
    CHECK(gpu->poll() == 0);
    auto const spans = b.spans();
    REQUIRE(spans.size() == 11);
    for (int i = 0; i < 10; ++i) {
        auto const& each = spans[static_cast<std::size_t>(i)];
        CHECK(each.name == "slow");
        CHECK(number(each, "gpu.queue_us") == Approx(i * 1e6).margin(1));
        CHECK(number(each, "gpu.duration_us") == Approx(1e6).margin(1));
    }
}

TEST_CASE("trace: times stay exact over hours, and the pool of events stays small") {
    bench b;
    auto const gpu = b.make();
    for (int minute = 0; minute < 200; ++minute) {
        {
            auto const request = b.tracer.span("request");
            b.gpu.launch(stream(3), 40us);
            gpu_span const g{*gpu, stream(3), "smooth"};
            b.gpu.launch(stream(3), 17us);
        }
        b.clock.advance(1ms);
        REQUIRE(gpu->poll() == 0);
        auto const spans = b.spans();
        REQUIRE(std::abs(number(spans.at(0), "gpu.queue_us") - 40) < 0.01);
        REQUIRE(std::abs(number(spans.at(0), "gpu.duration_us") - 17) < 0.01);
        b.clock.advance(1min);
    }
    CHECK(b.gpu.live_events() <= 5);
    CHECK(b.gpu.complaint() == "");
}

TEST_CASE("trace: a span whose work is never done ends when its time is over, and its events are used again") {
    bench b;
    auto const gpu = b.make({.most_pending = 100, .pending_timeout = 10s});
    {
        auto const request = b.tracer.span("request");
        gpu_span const g{*gpu, stream(1), "hangs"};
        b.gpu.launch(stream(1), 24h);
    }
    b.clock.advance(10s);
    CHECK(gpu->poll() == 1);
    b.clock.advance(1s);
    CHECK(gpu->poll() == 0);
    CHECK_FALSE(is_timed(b.spans().at(0)));
    CHECK(reason(b.spans().at(0)) == "pending_timeout");
    CHECK(gpu->untimed(untimed_reason::pending_timeout) == 1);
    auto const events = b.gpu.live_events();
    {
        auto const request = b.tracer.span("request");
        gpu_span const g{*gpu, stream(2), "goes"};
    }
    CHECK(gpu->poll() == 0);
    CHECK(is_timed(b.spans().at(0)));
    CHECK(b.gpu.live_events() <= events + 1);
}

TEST_CASE("trace: on a stream that captures a graph a GPU span is a span of the host") {
    bench b;
    auto const gpu = b.make();
    {
        auto const request = b.tracer.span("request");
        b.gpu.capture(stream(1), true);
        gpu_span const captured{*gpu, stream(1), "captured"};
        gpu_span const other{*gpu, stream(2), "other"};
        gpu_span late{*gpu, stream(3), "late"};
        b.gpu.capture(stream(3), true); // begun before, ended within
        late.end();
    }
    CHECK(gpu->poll() == 0);
    auto const spans = b.spans();
    REQUIRE(spans.size() == 3);
    CHECK(reason(spans[0]) == "capture");
    CHECK(is_timed(spans[1]));
    CHECK(reason(spans[2]) == "capture");
    CHECK(gpu->untimed(untimed_reason::capture) == 2);
    CHECK(b.gpu.complaint() == "");
}

TEST_CASE("trace: more GPU spans than may wait become spans of the host") {
    bench b;
    auto const gpu = b.make({.most_pending = 3, .pending_timeout = 60s});
    {
        auto const request = b.tracer.span("request");
        for (int i = 0; i < 5; ++i) {
            gpu_span const g{*gpu, stream(1), "work"};
            b.gpu.launch(stream(1), 1ms);
        }
    }
    CHECK(gpu->waiting() == 3);
    CHECK(gpu->untimed(untimed_reason::pending_limit) == 2);
    b.clock.advance(5ms);
    CHECK(gpu->poll() == 0);
    CHECK(gpu->timed() == 3);
}

TEST_CASE("trace: a driver that fails costs the times and nothing else") {
    auto const call = GENERATE(as<std::string>{}, "event_create", "event_record", "push", "stream_is_capturing");
    bench b;
    auto const gpu = b.make();
    b.gpu.fail(call, 700);
    {
        auto const request = b.tracer.span("request");
        gpu_span const g{*gpu, stream(1), "work"};
    }
    CHECK_FALSE(is_timed(b.spans().at(0)));
    CHECK(gpu->untimed(untimed_reason::driver_error) + gpu->untimed(untimed_reason::capture) == 1);
    CHECK(gpu->poll() == 0);
    b.gpu.fail(call, 0);
    {
        auto const request = b.tracer.span("request");
        gpu_span const g{*gpu, stream(1), "work"};
    }
    CHECK(gpu->poll() == 0);
    CHECK(is_timed(b.spans().at(0)));
}

TEST_CASE("trace: a device that is lost while spans wait ends them") {
    auto const call = GENERATE(as<std::string>{}, "event_query", "event_elapsed_time", "push");
    bench b;
    auto const gpu = b.make();
    {
        auto const request = b.tracer.span("request");
        gpu_span const one{*gpu, stream(1), "one"};
        gpu_span const two{*gpu, stream(2), "two"};
    }
    b.gpu.fail(call, 719);
    CHECK(gpu->poll() == 0);
    CHECK(gpu->untimed(untimed_reason::driver_error) == 2);
    CHECK(b.spans().size() == 2);
    CHECK(reason(b.spans()[0]) == "driver_error");
}

TEST_CASE("trace: a timeline gives back what it took from the driver, and spans may outlive it") {
    bench b;
    {
        auto const request = b.tracer.span("request");
        auto gpu = b.make();
        gpu_span open{*gpu, stream(1), "open"};
        {
            gpu_span const waits{*gpu, stream(1), "waits"};
            b.gpu.launch(stream(1), 1s);
        }
        CHECK(b.gpu.contexts_held() == 1);
        gpu.reset();
        open.end();
    }
    CHECK(b.gpu.contexts_held() == 0);
    CHECK(b.gpu.live_events() == 0);
    CHECK(b.gpu.live_streams() == 0);
    CHECK(b.gpu.complaint() == "");
    auto const spans = b.spans();
    REQUIRE(spans.size() == 2);
    CHECK(reason(spans[0]) == "closed");
    CHECK(reason(spans[1]) == "closed");
}

TEST_CASE("trace: random work on several streams is timed as the GPU ran it") {
    std::uint32_t const seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    bench b;
    auto const gpu = b.make();
    struct expected {
        double queue_us;
        double duration_us;
    };
    std::vector<expected> truth;
    std::vector<orfeas::monotonic_time> busy(4, b.clock.now());
    {
        auto const request = b.tracer.span("request");
        for (int i = 0; i < 300; ++i) {
            auto const which = random() % busy.size();
            auto const duration = std::chrono::microseconds{random() % 2000};
            auto const begin = std::max(busy[which], b.clock.now());
            truth.push_back({std::chrono::duration<double, std::micro>{begin - b.clock.now()}.count(),
                             std::chrono::duration<double, std::micro>{duration}.count()});
            busy[which] = begin + duration;
            {
                gpu_span const g{*gpu, stream(which + 1), std::to_string(i)};
                b.gpu.launch(stream(which + 1), duration);
            }
            b.clock.advance(std::chrono::microseconds{random() % 20'000});
            if (random() % 3 == 0) {
                gpu->poll();
            }
        }
        b.clock.advance(1s);
        CHECK(gpu->poll() == 0);
    }
    auto const spans = b.spans();
    REQUIRE(spans.size() == truth.size());
    for (auto const& each : spans) {
        auto const& right = truth[std::stoul(each.name)];
        CAPTURE(each.name);
        REQUIRE(std::abs(number(each, "gpu.duration_us") - right.duration_us) < 0.5); // floats of milliseconds
        REQUIRE(std::abs(number(each, "gpu.queue_us") - right.queue_us) < 0.5);
    }
    CHECK(b.gpu.complaint() == "");
}

TEST_CASE("trace: spans of several threads and a poller are all accounted for") {
    bench b;
    auto const gpu = b.make({.most_pending = 50, .pending_timeout = 60s});
    constexpr std::uint64_t each = 500;
    std::atomic<int> running = 3;
    {
        auto const request = b.tracer.span("request");
        std::vector<std::thread> threads;
        for (int t = 0; t < 3; ++t) {
            threads.emplace_back([&, parent = request.context(), own = stream(static_cast<std::uintptr_t>(t) + 1)] {
                for (std::uint64_t i = 0; i < each; ++i) {
                    gpu_span const g{*gpu, own, "work", parent};
                    b.clock.advance(1us);
                }
                --running;
            });
        }
        while (running > 0) {
            gpu->poll();
        }
        for (auto& thread : threads) {
            thread.join();
        }
    }
    CHECK(gpu->poll() == 0);
    std::uint64_t const dropped = b.tracer.dropped(trace::drop_reason::span_limit);
    CHECK(gpu->timed() + gpu->untimed(untimed_reason::pending_limit) + dropped == 3 * each);
    CHECK(b.gpu.complaint() == "");
}

TEST_CASE("trace: a timeline reports what became of its spans") {
    bench b;
    auto const gpu = b.make();
    std::vector<std::string> names;
    gpu->measure([&](orfeas::measurement const& m) {
        names.emplace_back(m.name);
        CHECK((m.kind == orfeas::measurement_kind::counter) == m.name.ends_with("_total"));
    });
    CHECK(names.size() == 3 + trace::untimed_reasons);
}

TEST_CASE("trace: GPU spans of a real device are timed") {
    trace::gpu_timeline gpu;
    if (!gpu.usable()) {
        ORFEAS_TEST_SKIP("no CUDA device");
    }
    trace::tracer tracer;
    {
        auto const request = tracer.span("request");
        trace::gpu_span const g{gpu, nullptr, "nothing"};
    }
    while (gpu.poll() > 0) {
        std::this_thread::yield();
    }
    auto const spans = tracer.store().find(tracer.store().recent(1).at(0).id).value().spans;
    REQUIRE(spans.size() == 2);
    CHECK(is_timed(spans[1]));
    CHECK(number(spans[1], "gpu.duration_us") >= 0);
    CHECK(number(spans[1], "gpu.queue_us") >= 0);
}
