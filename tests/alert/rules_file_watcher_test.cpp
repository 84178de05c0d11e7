// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/alert/engine.hpp>
#include <orfeas/alert/rules_file_watcher.hpp>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>

namespace alert = orfeas::alert;
using namespace std::chrono_literals;
using alert::rules_reload;
using Catch::Matchers::Contains;

namespace {

/// A file in a folder of its own, whose times of change count up by a second with each writing.
struct watched_file {
    watched_file() {
        std::string name = (std::filesystem::temp_directory_path() / "orfeas-rules-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        folder = name;
        file.emplace((folder / "rules.yaml").string());
    }
    watched_file(watched_file const&) = delete;
    watched_file& operator=(watched_file const&) = delete;
    ~watched_file() { std::filesystem::remove_all(folder); }

    void write(std::string const& text) {
        std::ofstream{file->path(), std::ios::binary} << text;
        std::filesystem::last_write_time(file->path(), time += 1s);
    }

    /// A file of one rule.
    void write_rule(std::string const& name, std::string const& expr = "x > 0") {
        write("groups: [{name: g, rules: [{alert: " + name + ", expr: '" + expr + "'}]}]\n");
    }

    rules_reload poll() {
        return file->poll([this](alert::rules_file const& read) {
            engine.set_rules(read.rules);
            engine.set_inhibitions(read.inhibitions);
        });
    }

    std::string rule() const { return engine.rules().empty() ? "" : engine.rules()[0].name; }

    std::filesystem::path folder;
    std::optional<alert::rules_file_watcher> file;
    std::filesystem::file_time_type time = std::filesystem::file_time_type::clock::now();
    alert::engine engine;
};

} // namespace

TEST_CASE("a rules file is read at the first poll, and again once it has changed", "[alert]") {
    watched_file a;
    a.write_rule("first");
    CHECK(a.poll() == rules_reload::applied);
    CHECK(a.rule() == "first");
    CHECK(a.poll() == rules_reload::none);
    a.write_rule("second");
    CHECK(a.poll() == rules_reload::none); // it may be half written
    CHECK(a.poll() == rules_reload::applied);
    CHECK(a.rule() == "second");
    CHECK(a.poll() == rules_reload::none);
    a.write_rule("third");
    CHECK(a.poll() == rules_reload::none);
    a.write_rule("fourth");
    CHECK(a.poll() == rules_reload::none);
    CHECK(a.poll() == rules_reload::applied);
    CHECK(a.rule() == "fourth");
}

TEST_CASE("a rules file that cannot be used is refused whole, once, and the rules before stay", "[alert]") {
    watched_file a;
    a.write_rule("good");
    a.poll();
    a.write_rule("bad", "x >");
    a.poll();
    CHECK(a.poll() == rules_reload::refused);
    CHECK(a.rule() == "good");
    CHECK_THAT(a.file->problem(), Contains("rules.yaml:1:") && Contains("alert 'bad', expr"));
    CHECK(a.poll() == rules_reload::none);
    CHECK_FALSE(a.file->problem().empty());
    a.write_rule("better");
    a.poll();
    CHECK(a.poll() == rules_reload::applied);
    CHECK(a.file->problem().empty());
    CHECK(a.rule() == "better");
}

TEST_CASE("a rules file that goes is said once, and taken when it is back", "[alert]") {
    watched_file a;
    CHECK(a.poll() == rules_reload::refused);
    CHECK_THAT(a.file->problem(), Contains("cannot be read"));
    CHECK(a.poll() == rules_reload::none);
    a.write_rule("good");
    a.poll();
    CHECK(a.poll() == rules_reload::applied);
    std::filesystem::remove(a.file->path());
    a.poll();
    CHECK(a.poll() == rules_reload::refused);
    CHECK(a.poll() == rules_reload::none);
    CHECK(a.rule() == "good");
}

TEST_CASE("who applies a rules file may refuse it", "[alert]") {
    watched_file a;
    a.write_rule("good");
    auto const refuse = [](alert::rules_file const&) { throw std::runtime_error{"not today"}; };
    CHECK(a.file->poll(refuse) == rules_reload::refused);
    CHECK_THAT(a.file->problem(), Contains("rules.yaml: not today"));
    CHECK(a.file->poll(refuse) == rules_reload::none);
}

TEST_CASE("a rules file says as metrics whether it is in use", "[alert]") {
    watched_file a;
    auto const told = [&] {
        std::map<std::string, double> made;
        a.file->measure([&](orfeas::measurement const& each) { made[std::string{each.name}] = each.value; });
        return made;
    };
    CHECK(told().at("alert_rules_last_reload_successful") == 0);
    a.write_rule("good");
    a.poll();
    CHECK(told() ==
          std::map<std::string, double>{{"alert_rules_last_reload_successful", 1}, {"alert_rules_reloads_total", 1}});
    a.write("groups: 1\n");
    a.poll();
    a.poll();
    CHECK(told().at("alert_rules_last_reload_successful") == 0);
}
