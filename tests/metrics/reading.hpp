// SPDX-License-Identifier: MIT
//
// What a registry says, in forms that tests compare.
#pragma once

#include <orfeas/core/measurement.hpp>

#include <map>
#include <string>

namespace metrics_test {

/// The Prometheus document.
template<class Registry>
std::string written(Registry const& registry) {
    std::string text;
    registry.write_prometheus(text);
    return text;
}

/// The same without the registry's own series, for families whose names sort before them.
template<class Registry>
std::string written_without_own(Registry const& registry) {
    std::string const text = written(registry);
    return text.substr(0, text.find("# HELP metrics_"));
}

/// The measurements, by name and labels: "calls_total,route=/".
template<class Registry>
std::map<std::string, double> measured(Registry const& registry) {
    std::map<std::string, double> values;
    registry.measure([&](orfeas::measurement const& m) {
        std::string key{m.name};
        for (auto const& [name, value] : m.labels) {
            key.append(",").append(name).append("=").append(value);
        }
        values[key] = m.value;
    });
    return values;
}

} // namespace metrics_test
