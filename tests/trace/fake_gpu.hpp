// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/manual_clock.hpp>
#include <orfeas/trace/cuda_driver.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace orfeas_test {

/// A CUDA driver in the program itself, with streams whose work takes the time that a test says, by a clock that the test
/// moves. It holds what it is asked against cuda.h's rules, and can be told to fail.
/// The entry points are plain functions, so there is one at a time: `fake_gpu` sets it up and takes it down.
class fake_gpu {
  public:
    using driver = orfeas::trace::cuda_event_driver;
    using time = orfeas::monotonic_time;

    explicit fake_gpu(orfeas::manual_clock clock) {
        one() = {};
        one().clock = std::move(clock);
    }
    ~fake_gpu() { one() = {}; }
    fake_gpu(fake_gpu const&) = delete;
    fake_gpu& operator=(fake_gpu const&) = delete;

    /// The table that leads here.
    std::shared_ptr<driver const> table() const {
        auto made = std::make_shared<driver>();
        made->init = [](unsigned) { return 0; };
        made->device_get = [](int* device, int ordinal) {
            return *device = ordinal, ordinal < 2 ? answer("get") : 101;
        };
        made->primary_context_retain = [](driver::context* context, int device) {
            ++one().retained;
            *context = context_of(device);
            return answer("retain");
        };
        made->primary_context_release = [](int) { return --one().retained, answer("release"); };
        made->context_get_current = [](driver::context* current) { return *current = one().current, 0; };
        made->context_push_current = [](driver::context next) {
            auto const code = answer("push");
            if (code == 0) {
                one().current = next;
                ++one().pushed;
            }
            return code;
        };
        made->context_pop_current = [](driver::context* popped) {
            *popped = one().current;
            one().current = nullptr;
            --one().pushed;
            return 0;
        };
        made->thread_exchange_capture_mode = [](int* mode) {
            std::swap(*mode, one().mode);
            return 0;
        };
        add_events(*made);
        add_streams(*made);
        return made;
    }

    /// Puts work onto a stream: it begins when what is before it is done.
    void launch(void* stream, std::chrono::nanoseconds duration) {
        auto& end = one().busy_until[stream];
        end = std::max(end, one().clock.now()) + duration;
    }

    /// The stream is capturing a graph from now on, or no longer.
    void capture(void* stream, bool on) {
        on ? void(one().capturing.insert(stream)) : void(one().capturing.erase(stream));
    }

    /// From now on `call` answers `code`; 0 ends that.
    void fail(std::string_view call, int code) { one().failures[std::string{call}] = code; }

    int contexts_held() const { return one().retained; }
    int contexts_pushed() const { return one().pushed; }
    std::size_t live_events() const { return one().events.size(); }
    std::size_t live_streams() const { return one().streams; }
    int queries() const { return one().queries; }
    std::string const& complaint() const { return one().complaint; } ///< the first breach of a rule

  private:
    struct state {
        orfeas::manual_clock clock;
        std::map<void*, time> busy_until;
        std::map<driver::event, std::optional<time>> events; ///< when each passes
        std::set<void*> capturing;
        std::map<std::string, int, std::less<>> failures;
        std::string complaint;
        driver::context current = nullptr;
        int mode = 0;
        int retained = 0;
        int pushed = 0;
        int queries = 0;
        std::size_t streams = 0;
        std::uintptr_t last_handle = 0;
    };

    static state& one() {
        static state s;
        return s;
    }

    static driver::context context_of(int device) {
        return reinterpret_cast<driver::context>(static_cast<std::uintptr_t>(device) + 1);
    }

    static int answer(std::string_view call) {
        auto const found = one().failures.find(call);
        return found == one().failures.end() ? 0 : found->second;
    }

    /// Of a call that needs the context and must not disturb a capture.
    static int inside(std::string_view call) {
        if (one().current == nullptr || one().mode != driver::capture_relaxed) {
            one().complaint = one().complaint.empty() ? std::string{call} : one().complaint;
            return 201;
        }
        return answer(call);
    }

    static void add_events(driver& d) {
        d.event_create = [](driver::event* created, unsigned flags) {
            *created = reinterpret_cast<driver::event>(++one().last_handle);
            if (flags != 0) {
                one().complaint = "an event without timing";
            }
            auto const code = inside("event_create");
            if (code == 0) {
                one().events[*created] = std::nullopt;
            }
            return code;
        };
        d.event_destroy = [](driver::event e) {
            if (one().events.erase(e) != 1) {
                one().complaint = "destroyed twice";
            }
            return inside("event_destroy");
        };
        d.event_record = [](driver::event e, void* on) {
            if (one().capturing.contains(on)) {
                one().complaint = "recorded into a graph";
            }
            auto const code = inside("event_record");
            if (code == 0) {
                one().events.at(e) = std::max(one().busy_until[on], one().clock.now());
            }
            return code;
        };
        d.event_query = [](driver::event e) {
            ++one().queries;
            auto const code = inside("event_query");
            return code != 0 ? code : one().events.at(e).value() <= one().clock.now() ? 0 : driver::not_ready;
        };
        d.event_elapsed_time = [](float* milliseconds, driver::event from, driver::event to) {
            auto const begin = one().events.at(from).value();
            auto const end = one().events.at(to).value();
            if (std::max(begin, end) > one().clock.now()) {
                return driver::not_ready;
            }
            *milliseconds = std::chrono::duration<float, std::milli>{end - begin}.count();
            return inside("event_elapsed_time");
        };
    }

    static void add_streams(driver& d) {
        d.stream_create = [](void** created, unsigned flags) {
            if (flags != driver::stream_non_blocking) {
                one().complaint = "a stream that waits for the default stream";
            }
            *created = reinterpret_cast<void*>(++one().last_handle << 32U);
            auto const code = inside("stream_create");
            one().streams += code == 0 ? 1U : 0U;
            return code;
        };
        d.stream_destroy = [](void*) {
            --one().streams;
            return inside("stream_destroy");
        };
        d.stream_is_capturing = [](void* s, int* status) {
            *status = one().capturing.contains(s) ? 1 : 0;
            return inside("stream_is_capturing");
        };
    }
};

} // namespace orfeas_test
