// SPDX-License-Identifier: MIT
#include "otlp_decode.hpp"
#include "support/catch.hpp"

#include <orfeas/core/manual_clock.hpp>
#include <orfeas/export/otlp_trace.hpp>
#include <orfeas/trace/propagation.hpp>
#include <orfeas/trace/tracer.hpp>

#include <limits>
#include <random>
#include <string>
#include <vector>

namespace exporting = orfeas::exporting;
namespace trace = orfeas::trace;
using namespace std::chrono_literals;
using exporting::otlp_encoding;
using orfeas_test::json;

namespace {

using tracer = trace::basic_tracer<orfeas::manual_clock>;

/// Keeps what a tracer finishes.
struct kept {
    explicit kept(tracer& from) {
        from.set_sink([this](trace::finished_trace each) { traces.push_back(std::move(each)); });
    }
    std::vector<trace::finished_trace> traces;
};

std::string encoded(std::vector<trace::finished_trace> const& traces, otlp_encoding encoding,
                    std::string_view service = {}, exporting::resource_attributes const& more = {}) {
    std::string out;
    exporting::encode_traces(traces, encoding, service, more, out);
    return out;
}

/// Both encodings, shown to agree, in the common form.
json both(std::vector<trace::finished_trace> const& traces, std::string_view service = {},
          exporting::resource_attributes const& more = {}) {
    auto const plain = orfeas_test::from_json(encoded(traces, otlp_encoding::json, service, more));
    auto const binary = orfeas_test::from_protobuf(encoded(traces, otlp_encoding::protobuf, service, more),
                                                   "ExportTraceServiceRequest");
    if (binary) {
        CHECK(*binary == plain);
    } else {
        WARN("protoc is not installed: the protobuf encoding is not looked at");
    }
    return plain;
}

json const& span_of(json const& request, std::size_t index) {
    return request["resourceSpans"][0]["scopeSpans"][0]["spans"][index];
}

/// The attributes of a message, by key: the type's field and the value.
json attributes_of(json const& message) {
    json found = json::object();
    if (message.contains("attributes")) {
        for (auto const& each : message["attributes"]) {
            found[each["key"][0].get<std::string>()] = each["value"][0];
        }
    }
    return found;
}

constexpr trace::instrumentation_scope meshing{"studio.meshing", "1.2.0"};

} // namespace

TEST_CASE("otlp: a span carries everything that is known of it", "[export][otlp_trace]") {
    orfeas::manual_clock clock{orfeas::wall_time{1'700'000'000s}};
    trace::tracer_options options;
    options.service = "studio";
    tracer tracing{options, clock};
    kept out{tracing};
    auto const parent = *trace::parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    {
        auto root = tracing.root("GET /", trace::remote_parent{parent, "vendor=1"}, trace::span_kind::server);
        clock.advance(5ms);
        {
            auto child = tracing.span("query", trace::span_kind::client);
            child.set("flag", true);
            child.set("count", -42);
            child.set("share", 0.25);
            child.set("not", std::numeric_limits<double>::quiet_NaN());
            child.set("table", std::string{"meshes"});
            clock.advance(1ms);
            child.event("retry", {{"attempt", 2}, {"why", "busy"}});
            child.link(parent, {{"kind", "batch"}});
            clock.advance(1ms);
            child.fail("no such table");
        }
        root.succeed();
    }
    REQUIRE(out.traces.size() == 1);
    auto const request = both(out.traces, {}, {{"deployment.environment", "test"}});

    auto const resource = attributes_of(request["resourceSpans"][0]["resource"][0]);
    CHECK(resource["service.name"]["stringValue"][0] == "studio");
    CHECK(resource["telemetry.sdk.name"]["stringValue"][0] == "orfeas");
    CHECK(resource["deployment.environment"]["stringValue"][0] == "test");

    auto const& root = span_of(request, 0);
    CHECK(root["traceId"][0] == "4bf92f3577b34da6a3ce929d0e0e4736");
    CHECK(root["parentSpanId"][0] == "00f067aa0ba902b7");
    CHECK(root["traceState"][0] == "vendor=1");
    CHECK(root["name"][0] == "GET /");
    CHECK(root["kind"][0] == "2");
    CHECK(root["flags"][0] == "1");
    CHECK(root["startTimeUnixNano"][0] == "1700000000000000000");
    CHECK(root["endTimeUnixNano"][0] == "1700000000007000000");
    CHECK(root["status"][0]["code"][0] == "1");

    auto const& child = span_of(request, 1);
    CHECK(child["parentSpanId"][0] == root["spanId"][0]);
    CHECK(child["kind"][0] == "3");
    CHECK(child["startTimeUnixNano"][0] == "1700000000005000000");
    CHECK(child["endTimeUnixNano"][0] == "1700000000007000000");
    auto const attributes = attributes_of(child);
    CHECK(attributes["flag"]["boolValue"][0] == "true");
    CHECK(attributes["count"]["intValue"][0] == "-42");
    CHECK(attributes["share"]["doubleValue"][0] == "0.25");
    CHECK(attributes["not"]["doubleValue"][0] == "NaN");
    CHECK(attributes["table"]["stringValue"][0] == "meshes");
    auto const& event = child["events"][0];
    CHECK(event["name"][0] == "retry");
    CHECK(event["timeUnixNano"][0] == "1700000000006000000");
    CHECK(attributes_of(event)["attempt"]["intValue"][0] == "2");
    CHECK(attributes_of(event)["why"]["stringValue"][0] == "busy");
    auto const& link = child["links"][0];
    CHECK(link["traceId"][0] == "4bf92f3577b34da6a3ce929d0e0e4736");
    CHECK(link["spanId"][0] == "00f067aa0ba902b7");
    CHECK(attributes_of(link)["kind"]["stringValue"][0] == "batch");
    CHECK(child["status"][0]["code"][0] == "2");
    CHECK(child["status"][0]["message"][0] == "no such table");
}

TEST_CASE("otlp: spans stand under their scope, traces under their service", "[export][otlp_trace]") {
    trace::tracer_options options;
    options.service = "a";
    tracer first{options};
    options.service = "b";
    tracer second{options};
    kept of_first{first};
    kept of_second{second};
    {
        auto root = first.span("plain");
        auto child = first.span("scoped", meshing);
    }
    { auto root = second.span("other"); }
    std::vector all{of_first.traces[0], of_second.traces[0]};
    auto const request = both(all);
    REQUIRE(request["resourceSpans"].size() == 2);
    auto const& scopes = request["resourceSpans"][0]["scopeSpans"];
    REQUIRE(scopes.size() == 2);
    CHECK_FALSE(scopes[0].contains("scope"));
    CHECK(scopes[1]["scope"][0]["name"][0] == "studio.meshing");
    CHECK(scopes[1]["scope"][0]["version"][0] == "1.2.0");
    CHECK(attributes_of(request["resourceSpans"][1]["resource"][0])["service.name"]["stringValue"][0] == "b");

    auto const one = both(all, "all");
    CHECK(one["resourceSpans"].size() == 1);
    CHECK(attributes_of(one["resourceSpans"][0]["resource"][0])["service.name"]["stringValue"][0] == "all");
}

TEST_CASE("otlp: nothing is a request too", "[export][otlp_trace]") {
    CHECK(encoded({}, otlp_encoding::protobuf).empty());
    CHECK(encoded({}, otlp_encoding::json) == R"({"resourceSpans":[]})");
}

TEST_CASE("otlp: text that is not UTF-8 does not spoil the request", "[export][otlp_trace]") {
    tracer tracing;
    kept out{tracing};
    {
        auto root = tracing.span(std::string{"na\xffme"});
        root.set("key", std::string{"\xc3\x28"});
        root.set("quote", std::string{"\"\\\n\x01"});
    }
    auto const request = both(out.traces);
    CHECK(span_of(request, 0)["name"][0] == "na\xEF\xBF\xBDme");
}

TEST_CASE("otlp: random traces say the same in both encodings", "[export][otlp_trace]") {
    auto const seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random{seed};
    auto const text = [&] {
        std::string made(random() % 200, 'x');
        for (auto& c : made) {
            c = static_cast<char>(32 + random() % 95);
        }
        return made;
    };
    tracer tracing;
    kept out{tracing};
    std::size_t spans = 0;
    for (int i = 0; i < 30; ++i) {
        auto root = tracing.span("root");
        ++spans;
        for (auto n = random() % 10; n > 0; --n, ++spans) {
            auto child = tracing.span(text());
            for (auto a = random() % 8; a > 0; --a) {
                child.set(text(), static_cast<std::int64_t>(std::uint64_t{random()} << 32U | random()));
                child.set(text(), text());
                child.set(text(), static_cast<double>(random()) / 7);
            }
            if (random() % 2 == 0) {
                child.event(text(), {{"at", 1}});
            }
        }
    }
    auto const request = both(out.traces);
    std::size_t found = 0;
    for (auto const& scope : request["resourceSpans"][0]["scopeSpans"]) {
        found += scope["spans"].size();
    }
    CHECK(found == spans);
    exporting::trace_signal const signal;
    std::uint64_t weighed = 0;
    for (auto const& each : out.traces) {
        weighed += signal.weight(each).items;
        CHECK(signal.weight(each).bytes > 0);
    }
    CHECK(weighed == spans);
}

TEST_CASE("otlp: a span with five numbers takes at most 190 bytes", "[export][otlp_trace]") {
    tracer tracing;
    kept out{tracing};
    {
        auto root = tracing.span("root");
        for (int i = 0; i < 100; ++i) {
            auto child = tracing.span("handle_request");
            child.set("http.status", 200);
            child.set("bytes.sent", 12'345);
            child.set("queue.depth", 7);
            child.set("retry.count", 0);
            child.set("worker.idx", 3);
        }
    }
    CHECK(encoded(out.traces, otlp_encoding::protobuf).size() / 100 <= 190);
}
