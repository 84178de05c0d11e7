// SPDX-License-Identifier: MIT
#include "fixtures.hpp"
#include "picture_writers.hpp"
#include "pipeline/generate.hpp"
#include "pipeline/mesh_batch.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using namespace studio_test;

namespace {

/// A job that writes down what happens to it, in a list that the batch's jobs share.
struct noted_job {
    std::string name;
    bytes file;
    std::vector<std::string>* events;
    studio::parameters wanted{.resolution = 16};
    std::optional<studio::encoded_mesh> mesh{};
    std::exception_ptr why{};

    struct scope {
        std::vector<std::string>* events;
        std::string what;
        scope(std::vector<std::string>* to, std::string text) : events{to}, what{std::move(text)} {
            events->push_back("+" + what);
        }
        scope(scope const&) = delete;
        scope& operator=(scope const&) = delete;
        ~scope() { events->push_back("-" + what); }
    };

    std::span<std::byte const> picture() const { return file; }
    studio::parameters const& asked() const { return wanted; }
    scope stage(std::string_view stage) { return {events, name + " " + std::string{stage}}; }
    void made(studio::encoded_mesh made) {
        mesh = std::move(made);
        events->push_back("made " + name);
    }
    void failed(std::exception_ptr error) {
        why = error;
        events->push_back("failed " + name);
    }
};
static_assert(studio::mesh_job<noted_job>);
static_assert(!studio::mesh_job<std::string>);

/// The host, which has memory for so many reliefs at once.
struct small_device {
    std::size_t most;
    std::vector<std::size_t> asked{};

    template<class R>
    studio::image<R> upload(studio::image<R> from) {
        return from;
    }
    template<class R>
    std::vector<studio::height_field<R>> relief(R& resource,
                                                std::span<studio::relief_order<studio::image<R>> const> batch) {
        asked.push_back(batch.size());
        if (batch.size() > most) {
            throw std::bad_alloc{};
        }
        return studio::host_relief::relief(resource, batch);
    }
};

template<class R, class Device>
void run(R& host, Device& device, std::span<noted_job> jobs) {
    studio::mesh_batch batch{host, device, jobs, {}};
    int peaks = 0;
    auto const at_peak = [&] { ++peaks; };
    batch.decode(at_peak);
    batch.estimate(at_peak);
    batch.finish(at_peak);
    CHECK(peaks >= 2);
}

} // namespace

TEST_CASE("studio: a batch gives the meshes that its jobs give alone, and the device is asked once") {
    counting_resource host;
    std::vector<std::string> events;
    {
        std::vector<noted_job> jobs;
        for (std::uint8_t i = 1; i <= 3; ++i) {
            jobs.push_back({std::to_string(i), picture(i), &events});
        }
        jobs[1].wanted.resolution = 40;
        small_device device{3};
        run(host, device, jobs);
        CHECK(device.asked == std::vector<std::size_t>{3});
        for (auto const& each : jobs) {
            REQUIRE(each.mesh);
            auto const alone = studio::generate(host, each.file, each.wanted);
            CHECK(std::ranges::equal(each.mesh->bytes(), alone.bytes()));
        }
    }
    CHECK(host.live == 0);
}

TEST_CASE("studio: a batch goes through the stages together, and hands each mesh out as it is done") {
    counting_resource host;
    std::vector<std::string> events;
    std::vector<noted_job> jobs{{"a", picture(1), &events}, {"b", picture(2), &events}};
    studio::host_relief device;
    run(host, device, jobs);
    CHECK(events == std::vector<std::string>{"+a decode", "-a decode", "+b decode",      "-b decode",      "+a upload",
                                             "-a upload", "+b upload", "-b upload",      "+a relief",      "+b relief",
                                             "-b relief", "-a relief", "+a triangulate", "-a triangulate", "+a encode",
                                             "-a encode", "made a",    "+b triangulate", "-b triangulate", "+b encode",
                                             "-b encode", "made b"});
}

TEST_CASE("studio: a job that fails leaves the others alone") {
    counting_resource host;
    std::vector<std::string> events;
    std::vector<noted_job> jobs{{"a", picture(1), &events},
                                {"bad", to_bytes("GIF89a"), &events},
                                {"wrong", picture(2), &events},
                                {"c", picture(3), &events}};
    jobs[2].wanted.resolution = 5000;
    small_device device{4};
    run(host, device, jobs);
    CHECK(device.asked == std::vector<std::size_t>{2});
    CHECK(jobs[0].mesh);
    CHECK(jobs[3].mesh);
    CHECK_THROWS_AS(std::rethrow_exception(jobs[1].why), studio::bad_picture);
    CHECK_THROWS_AS(std::rethrow_exception(jobs[2].why), orfeas::option_error);
}

TEST_CASE("studio: what does not fit on the device together is done one by one") {
    counting_resource host;
    std::vector<std::string> events;
    std::vector<noted_job> jobs{{"a", picture(1), &events}, {"b", picture(2), &events}};
    small_device device{1};
    run(host, device, jobs);
    CHECK(device.asked == std::vector<std::size_t>{2, 1, 1});
    CHECK(jobs[0].mesh);
    CHECK(jobs[1].mesh);

    std::vector<noted_job> more{{"a", picture(1), &events}, {"b", picture(2), &events}};
    small_device none{0};
    run(host, none, more);
    for (auto const& each : more) {
        CHECK_THROWS_AS(std::rethrow_exception(each.why), std::bad_alloc);
    }
}
