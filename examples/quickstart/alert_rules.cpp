// SPDX-License-Identifier: MIT
#include <orfeas/alert.hpp>
#include <orfeas/alert/default_rules.hpp>
#include <orfeas/alert/prometheus_rules.hpp>
#include <orfeas/alert/rules_file.hpp>

#include <iostream>

int main(int argc, char** argv) {
    namespace alert = orfeas::alert;
    try {
        auto rules = alert::default_rules({.cpu = 0.8});
        if (argc > 1) {
            auto own = alert::load_rules(argv[1]).rules;
            rules.insert(rules.end(), own.begin(), own.end());
        }
        alert::engine alerts;
        alerts.set_rules(rules);                     // refuses what cannot be used, and keeps those before
        std::cout << alert::prometheus_rules(rules); // the same alerts, for Prometheus
    } catch (std::exception const& problem) {
        std::cerr << problem.what() << '\n';
        return 1;
    }
}
