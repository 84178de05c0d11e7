// SPDX-License-Identifier: MIT
#include "alert/scene.hpp"
#include "support/catch.hpp"

#include <orfeas/alert/default_rules.hpp>

#include <chrono>
#include <map>
#include <string>

namespace alert = orfeas::alert;
using namespace std::chrono_literals;
using alert::severity;

namespace {

/// A service that is well, and what a test makes of it.
struct service {
    explicit service(alert::default_rule_options const& options = {}) : scene{alert::default_rules(options)} {
        set("memory_total_bytes", 100, {{"component", "pool"}});
        set("memory_allocated_bytes", 50, {{"component", "pool"}});
        set("memory_stranded_ratio", 0.01, {{"component", "pool"}});
        set("gpu_memory_total_bytes", 100, {{"gpu", "0"}});
        set("gpu_memory_used_bytes", 99, {{"gpu", "0"}}); // a pool has reserved it
        set("process_cpu_cores", 4);
        set("cache_hit_ratio", 0.9, {{"component", "meshes"}});
        set("cache_node_connected", 1, {{"component", "meshes"}, {"node", "a:6379"}});
        set("http_request_p95_ms", 100);
        set("runtime_executor_lag_seconds", 0.001, {{"kind", "timer"}, {"stat", "p99"}});
        set("runtime_executor_lag_seconds", 9, {{"kind", "timer"}, {"stat", "max"}});
        grow("process_cpu_seconds_total", 1);
        grow("http_application_requests_total", 100);
        grow("http_errors_total", 0.1);
        grow("export_dropped_total", 0, {{"component", "otlp"}, {"reason", "queue_full"}, {"signal", "traces"}});
    }

    void set(std::string const& name, double value, alert::label_set labels = {}) {
        at(name, std::move(labels)) = value;
    }
    void grow(std::string const& name, double by, alert::label_set labels = {}) {
        auto const key = name + std::to_string(alert::fingerprint(labels));
        set(name, 0, std::move(labels));
        growth[key] = by;
    }

    /// So many seconds; what was told.
    std::vector<std::string> run(int seconds) {
        for (int i = 0; i < seconds; ++i) {
            for (auto const& [key, by] : growth) {
                scene.values[index.at(key)] += by;
            }
            scene.step();
        }
        return scene.news();
    }

    double& at(std::string const& name, alert::label_set labels) {
        auto const key = name + std::to_string(alert::fingerprint(labels));
        auto const known = index.find(key);
        auto const place = known != index.end() ? known->second : index[key] = scene.add(name, std::move(labels));
        return scene.values[place];
    }

    alert_scene scene;
    std::map<std::string, std::size_t> index;
    std::map<std::string, double> growth;
};

using words = std::vector<std::string>;

} // namespace

TEST_CASE("of a service that is well nothing is told", "[alert]") {
    service a;
    CHECK(a.run(1'200).empty());
    for (auto const& each : a.scene.engine.status()) {
        INFO(each.rule.name);
        CHECK(each.problem.empty());
        if (each.rule.name != "gpu_memory_exhaustion") {
            CHECK(each.series > 0);
        }
    }
}

TEST_CASE("each of the ten alerts is raised by what it is for", "[alert]") {
    service a;
    a.run(120);
    SECTION("memory of a pool, at two levels") {
        a.set("memory_allocated_bytes", 90, {{"component", "pool"}});
        CHECK(a.run(1) == words{"fired gpu_memory_high warning"});
        CHECK(alert::value_of(a.scene.only().annotations, "summary") == "90% of the memory of pool is in use");
        a.set("memory_allocated_bytes", 96, {{"component", "pool"}});
        CHECK(a.run(1) == words{"worsened gpu_memory_high critical"});
        a.set("memory_allocated_bytes", 70, {{"component", "pool"}});
        CHECK(a.run(31) == words{"resolved gpu_memory_high critical"});
    }
    SECTION("memory that will be exhausted") {
        a.set("memory_exhaustion_seconds", 1'700, {{"series", "memory_allocated_bytes{component=\"pool\"}"}});
        CHECK(a.run(11) == words{"fired gpu_memory_exhaustion warning"});
        a.set("memory_exhaustion_seconds", 500, {{"series", "memory_allocated_bytes{component=\"pool\"}"}});
        CHECK(a.run(11) == words{"worsened gpu_memory_exhaustion critical"});
    }
    SECTION("CPU") {
        a.grow("process_cpu_seconds_total", 3.8);
        CHECK(a.run(130) == words{"fired cpu_overload warning"});
    }
    SECTION("CPU of a control group that has less") {
        a.set("cgroup_cpu_limit_cores", 1);
        CHECK(a.run(130) == words{"fired cpu_overload warning"});
    }
    SECTION("hit ratio") {
        a.set("cache_hit_ratio", 0.4, {{"component", "meshes"}});
        CHECK(a.run(300).empty());
        CHECK(a.run(1) == words{"fired cache_hit_ratio_low warning"});
    }
    SECTION("response time") {
        a.set("http_request_p95_ms", 5'001);
        CHECK(a.run(11) == words{"fired response_time_high warning"});
    }
    SECTION("errors") {
        a.grow("http_errors_total", 3);
        CHECK(a.run(60) == words{"fired error_ratio_high warning"});
        a.grow("http_errors_total", 50);
        CHECK(a.run(60) == words{"worsened error_ratio_high critical"});
    }
    SECTION("fragmentation") {
        a.set("memory_stranded_ratio", 0.3, {{"component", "pool"}});
        CHECK(a.run(301) == words{"fired memory_fragmentation warning"});
    }
    SECTION("lag of the executor") {
        a.set("runtime_executor_lag_seconds", 0.3, {{"kind", "timer"}, {"stat", "p99"}});
        CHECK(a.run(31) == words{"fired executor_lag warning"});
    }
    SECTION("a server of the remote cache") {
        a.set("cache_node_connected", 0, {{"component", "meshes"}, {"node", "a:6379"}});
        CHECK(a.run(31) == words{"fired remote_down warning"});
        CHECK(alert::value_of(a.scene.only().annotations, "summary") == "meshes has no connection to a:6379");
    }
    SECTION("an exporter that drops") {
        a.grow("export_dropped_total", 5, {{"component", "otlp"}, {"reason", "queue_full"}, {"signal", "traces"}});
        CHECK(a.run(31) == words{"fired remote_down warning"});
    }
}

TEST_CASE("without a pool, the memory of the GPU counts", "[alert]") {
    service a;
    a.run(2);
    a.set("memory_allocated_bytes", alert::frame::absent, {{"component", "pool"}});
    CHECK(a.run(1) == words{"fired gpu_memory_high critical"});
    CHECK(alert::value_of(a.scene.only().labels, "gpu") == "0");
}

TEST_CASE("every threshold can be set, within reason", "[alert]") {
    service a{{.gpu_memory_warning = 0.3, .cpu = 0.2, .response_time = 50ms}};
    CHECK(a.run(130) ==
          words{"fired gpu_memory_high warning", "fired response_time_high warning", "fired cpu_overload warning"});
    CHECK_THROWS_AS(alert::default_rules({.cpu = 90}), orfeas::option_error);
    for (double const share : {0.0, 0.02, 0.1, 0.5, 1.0}) { // whatever is allowed makes rules that can be used
        alert::engine engine;
        CHECK_NOTHROW(engine.set_rules(alert::default_rules(
            {.cpu = share, .cache_hit_ratio = share, .error_ratio = share, .stranded_ratio = share, .outage = 0s})));
    }
    CHECK_THROWS_AS(alert::default_rules({.gpu_memory_warning = 0.96}), orfeas::option_error);
}
