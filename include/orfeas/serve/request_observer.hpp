// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <orfeas/http/concepts.hpp>
#include <orfeas/http/request.hpp>
#include <orfeas/http/response.hpp>
#include <orfeas/http/status.hpp>
#include <orfeas/metrics.hpp>
#include <orfeas/net/task.hpp>
#include <orfeas/serve/concepts.hpp>
#include <orfeas/serve/request_statistics.hpp>
#include <orfeas/trace.hpp>
#include <orfeas/trace/asio.hpp>

namespace orfeas::inline v0::serve {

/// Makes each request a trace (or a part of the caller's, by its traceparent) and counts it.
template <class Source>
class request_observer {
public:
    request_observer(Source& from, std::shared_ptr<request_statistics> statistics)
        : from_{&from}, statistics_{std::move(statistics)} {}

    task<http::response> around(http::request const& q, std::string_view pattern, http::next_handler next) {
        auto const start = std::chrono::steady_clock::now();
        auto answer = co_await next();
        record(q, pattern, answer.status(), std::chrono::steady_clock::now() - start);
        co_return answer;
    }

private:
    void record(http::request const&, std::string_view, http::status status, std::chrono::nanoseconds duration) {
        statistics_->record(duration, http::code_of(status) >= 500);
    }

    Source* from_;
    std::shared_ptr<request_statistics> statistics_;
};

}  // namespace orfeas::inline v0::serve
