// SPDX-License-Identifier: MIT
// Traces over OTLP/HTTP: here to a route of this program; in earnest to a collector, by ORFEAS_EXPORT_ENDPOINT.
#include <orfeas/export.hpp>
#include <orfeas/http.hpp>
#include <orfeas/trace.hpp>

#include <boost/asio.hpp>

#include <cstdio>

namespace asio = boost::asio;
namespace exporting = orfeas::exporting;
namespace http = orfeas::http;
namespace trace = orfeas::trace;

orfeas::task<http::response> receive(http::request const& q) {
    std::printf("%s takes %zu bytes of %s\n", std::string{q.path()}.c_str(), q.body().size(),
                std::string{q.field("content-type").value_or("")}.c_str());
    co_return http::response{http::status::ok};
}

orfeas::task<> work(trace::tracer& tracing, exporting::trace_exporter& out, http::server& receiver) {
    {
        auto request = tracing.span("request", trace::span_kind::server);
        trace::span decode{"decode"};
        decode.set("bytes", 123'456);
    }
    co_await out.stop(std::chrono::seconds{5}); // sends what is left
    auto const stats = out.stats();
    std::printf("%llu spans made, %llu exported, %llu dropped\n", static_cast<unsigned long long>(stats.produced),
                static_cast<unsigned long long>(stats.exported), static_cast<unsigned long long>(stats.dropped()));
    co_await receiver.stop();
}

int main() {
    asio::io_context io;
    http::server receiver{io.get_executor(), {.port = 0}};
    receiver.route("POST", "/v1/traces", receive);
    receiver.start();

    exporting::otlp_options options;
    options.endpoint = "http://127.0.0.1:" + std::to_string(receiver.port());
    options.service_name = "quickstart";
    exporting::trace_exporter out{io.get_executor(), orfeas::from_environment(options)};
    out.start();
    trace::tracer tracing;
    tracing.set_sink([&out](trace::finished_trace each) { out.push(std::move(each)); });

    asio::co_spawn(io, work(tracing, out, receiver), asio::detached);
    io.run();
}
