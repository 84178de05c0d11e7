// SPDX-License-Identifier: MIT
#include "fixtures.hpp"
#include "service/batch_queue.hpp"
#include "service/enqueuing.hpp"
#include "support/catch.hpp"

#include <orfeas/memory/heap_resource.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace studio_test;
namespace asio = boost::asio;

namespace {

/// The answer to a request, and on which thread it came.
struct heard {
    int times = 0;
    std::exception_ptr why{};
    std::optional<studio::encoded_mesh> mesh{};
    std::thread::id thread{};

    auto handler(asio::io_context& io) {
        return asio::bind_executor(io.get_executor(),
                                   [this](std::exception_ptr error, std::optional<studio::encoded_mesh> made) {
                                       ++times;
                                       why = std::move(error);
                                       mesh = std::move(made);
                                       thread = std::this_thread::get_id();
                                   });
    }
};

/// No memory for what is added.
struct poor_queue {
    std::vector<std::uint64_t> weights{};

    bool try_add(studio::mesh_order&, std::uint64_t weight) {
        weights.push_back(weight);
        throw std::bad_alloc{};
    }
};

struct studio_parts {
    orfeas::metrics::registry metrics{};
    orfeas::trace::tracer tracer{};
    studio::stage_recorder stages{metrics, tracer};
    studio::picture_limits limits{};
    asio::io_context io{};

    template<class Queue>
    heard ask(Queue& queue, std::string_view picture) {
        heard answer;
        auto const file = std::make_shared<bytes const>(to_bytes(picture));
        studio::enqueuing<Queue>{&queue, &stages, &limits,
                                 [] { return std::make_exception_ptr(std::runtime_error{"full"}); }}(
            answer.handler(io), studio::mesh_request{orfeas::http::shared_bytes::of(file), {.resolution = 16}, {}});
        CHECK(answer.times == 0); // never within the call
        io.restart();
        io.run(); // ends with the answer, for which the executor is kept at work
        CHECK(answer.times == 1);
        CHECK(answer.thread == std::this_thread::get_id());
        return answer;
    }
};

constexpr std::string_view small_picture = "P2 2 2 9 0 1 2 3";

} // namespace

TEST_CASE("studio: a request for which the queue has no memory is answered with that") {
    studio_parts parts;
    poor_queue queue;
    auto const answer = parts.ask(queue, small_picture);
    CHECK_FALSE(answer.mesh);
    CHECK_THROWS_AS(std::rethrow_exception(answer.why), std::bad_alloc);
    CHECK_THROWS_AS(std::rethrow_exception(parts.ask(queue, "GIF89a").why), std::bad_alloc);
    CHECK(queue.weights == std::vector<std::uint64_t>{4 + 4 * 16 * 16, 0});
}

TEST_CASE("studio: a request that finds no place is told so, and one that finds one is worked on") {
    studio_parts parts;
    orfeas::memory::heap_resource memory;
    std::vector<std::size_t> sizes;
    studio::batch_queue<studio::mesh_order> queue{
        1, 1, 0ms, [] { return studio::batch_limits{}; },
        [&](std::span<studio::mesh_order> batch) {
            for (auto& each : batch) {
                sizes.push_back(each.picture().size());
                each.made({orfeas::memory::buffer<std::byte, orfeas::memory::heap_resource>{memory, 7},
                           studio::mesh_format::glb, 0});
            }
        }};
    auto const served = parts.ask(queue, small_picture);
    CHECK_FALSE(served.why);
    REQUIRE(served.mesh);
    CHECK(served.mesh->bytes().size() == 7);
    queue.join(); // it takes none any more
    auto const refused = parts.ask(queue, small_picture);
    CHECK_THROWS_WITH(std::rethrow_exception(refused.why), "full");
    CHECK(sizes == std::vector<std::size_t>{small_picture.size()});
}

TEST_CASE("studio: work that throws when it has answered takes no answer back") {
    studio_parts parts;
    studio::batch_queue<studio::mesh_order> queue{1, 4, 0ms, [] { return studio::batch_limits{}; },
                                                  [](std::span<studio::mesh_order> batch) {
                                                      for (auto& each : batch) {
                                                          each.failed(std::make_exception_ptr(std::bad_alloc{}));
                                                      }
                                                      throw std::runtime_error{"after its answers"};
                                                  }};
    for (int i = 0; i < 3; ++i) {
        CHECK_THROWS_AS(std::rethrow_exception(parts.ask(queue, small_picture).why), std::bad_alloc);
    }
}
