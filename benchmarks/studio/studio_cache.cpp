// SPDX-License-Identifier: MIT
//
// What the two tiers of its cache do for the studio: requests for reliefs of crops of the sample pictures, some far more
// often than others, from cold, with a real Redis server as the remote tier. Beside it a cache with the same requests whose
// local tier holds nothing; the two take turns, request by request.

#include "cache/zipf.hpp"
#include "pipeline/decode.hpp"
#include "pipeline/generate.hpp"
#include "service/mesh_codec.hpp"
#include "service/mesh_key.hpp"
#include "support/redis_server.hpp"
#include "support/report.hpp"

#include <orfeas/cache/tiered.hpp>
#include <orfeas/memory.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using orfeas::task;
using codec = studio::mesh_codec<orfeas::memory::pool>;
using mesh_cache = orfeas::cache::tiered<std::string, studio::encoded_mesh, codec>;

constexpr std::size_t crops = 200;
constexpr std::uint64_t seed = 20'240'607;

/// A crop of a picture as a file, and the name of its mesh.
struct job {
    std::string picture;
    std::string key;
};

studio::parameters const asked{.resolution = 64};

std::span<std::byte const> bytes_of(std::string const& file) {
    return std::as_bytes(std::span{file});
}

std::string read(std::string const& path) {
    std::ifstream file{path, std::ios::binary};
    std::string bytes{std::istreambuf_iterator<char>{file}, {}};
    if (bytes.empty()) {
        throw std::runtime_error{"cannot read " + path};
    }
    return bytes;
}

/// Squares of 128 to 256 pixels out of both sample pictures, at random places, as PGM files.
std::vector<job> make_jobs() {
    orfeas::memory::heap_resource heap;
    std::vector<studio::image<orfeas::memory::heap_resource>> pictures;
    for (auto const* name : {"camera.png", "rocket.jpg"}) {
        auto const file = read(std::string{ORFEAS_BENCH_PICTURES "/"} + name);
        pictures.push_back(studio::decode(heap, bytes_of(file)));
    }
    std::mt19937_64 random{seed};
    std::vector<job> made;
    for (std::size_t i = 0; i < crops; ++i) {
        auto const& from = pictures[i % pictures.size()];
        auto const [width, height] = from.size();
        auto const side = 128 + static_cast<std::uint32_t>(random() % 129);
        auto const left = static_cast<std::uint32_t>(random() % (width - side));
        auto const top = static_cast<std::uint32_t>(random() % (height - side));
        auto const text = std::to_string(side);
        std::string file = "P5 " + text + " " + text + " 255\n";
        for (std::uint32_t y = top; y < top + side; ++y) {
            file.append(reinterpret_cast<char const*>(from.row(y)) + left, side);
        }
        auto key = studio::mesh_key(bytes_of(file), asked, seed);
        made.push_back({std::move(file), std::move(key)});
    }
    return made;
}

/// A cache, what its requests took, and the requests that found no mesh aside.
struct contestant {
    mesh_cache& meshes;
    double seconds = 0;
    std::size_t lookups = 0;

    double mean_us() const { return 1e6 * seconds / static_cast<double>(lookups); }
};

task<> request(contestant& of, job const& wanted, orfeas::memory::pool& pool) {
    bool is_made = false;
    auto load = [&]() -> task<studio::encoded_mesh> {
        is_made = true;
        co_return studio::generate(pool, bytes_of(wanted.picture), asked);
    };
    auto const begin = std::chrono::steady_clock::now();
    auto const mesh = co_await of.meshes.get_or_load(wanted.key, std::move(load));
    std::chrono::duration<double> const took = std::chrono::steady_clock::now() - begin;
    if (mesh.bytes().empty()) {
        throw std::runtime_error{"an empty mesh"};
    }
    if (!is_made) {
        of.seconds += took.count();
        ++of.lookups;
    }
}

task<> play(std::vector<job> const& requests, std::vector<std::size_t> const& order, contestant& both,
            contestant& remote, orfeas::memory::pool& pool) {
    bool is_first = true;
    for (auto const each : order) {
        contestant& first = is_first ? both : remote;
        contestant& second = is_first ? remote : both;
        co_await request(first, requests[each], pool);
        co_await request(second, requests[each], pool);
        is_first = !is_first;
    }
    co_await both.meshes.stop();
    co_await remote.meshes.stop();
}

/// Which crop each request is for: the n-th most wanted one n^-1 times as often as the first.
std::vector<std::size_t> make_order(std::size_t requests) {
    std::map<std::uint64_t, std::size_t> ranks;
    for (std::size_t rank = 0; rank < crops; ++rank) {
        ranks.emplace(bench::key_of_rank(rank), rank);
    }
    std::vector<std::size_t> order;
    for (auto const key : bench::zipf_keys(requests, crops, 1.0, seed)) {
        order.push_back(ranks.at(key));
    }
    return order;
}

/// Bytes that all meshes charge a local tier with.
std::uint64_t bytes_of_all(std::vector<job> const& jobs, orfeas::memory::pool& pool) {
    std::uint64_t sum = 0;
    for (auto const& each : jobs) {
        sum += orfeas::cache::size_in_bytes(studio::generate(pool, bytes_of(each.picture), asked));
    }
    return sum;
}

orfeas::cache::tiered_options options(std::string url, std::string prefix, std::uint64_t l1_bytes) {
    orfeas::cache::tiered_options chosen;
    chosen.l2 = {std::move(url)};
    chosen.key_prefix = std::move(prefix);
    chosen.l1_bytes = l1_bytes;
    chosen.l1_shards = 1; // of 20 large entries several shards would each hold a few
    return chosen;
}

void add_skipped(bench::report& to, std::string name) {
    to.add({.bench = "studio_cache", .name = std::move(name), .skipped = "redis-server is not installed"});
}

void run(bench::report& report) {
    std::size_t const requests = report.arguments().quick ? 10'000 : 20'000;
    auto const name =
        std::to_string(requests) + " requests over 200 crops, 64x64 grid, Zipf 1.0, L1 of 10 % of the bytes";
    if (!orfeas_test::redis_server::is_installed()) {
        add_skipped(report, "L1+L2 hit ratio from cold, " + name);
        add_skipped(report, "mean lookup, " + name);
        return;
    }
    orfeas::memory::pool pool{orfeas::memory::host_vmm{orfeas::memory::default_host_capacity()}};
    auto const jobs = make_jobs();
    auto const l1_bytes = bytes_of_all(jobs, pool) / 10;
    orfeas_test::redis_server const server;
    boost::asio::io_context io{1};
    mesh_cache with_l1{io.get_executor(), options(server.url(), "both:", l1_bytes), {.codec = codec{pool}}};
    mesh_cache without{io.get_executor(), options(server.url(), "remote:", 1), {.codec = codec{pool}}};
    contestant both{with_l1};
    contestant remote{without};
    std::exception_ptr failure;
    auto const order = make_order(requests);
    boost::asio::co_spawn(io, play(jobs, order, both, remote, pool),
                          [&](std::exception_ptr failed) { failure = std::move(failed); });
    io.run();
    if (failure) {
        std::rethrow_exception(failure);
    }
    auto const stats = with_l1.stats();
    if (without.stats().l1_hits > 0) {
        throw std::runtime_error{"the cache without a local tier has one"};
    }
    auto const share = [&](std::uint64_t hits) { return static_cast<double>(hits) / static_cast<double>(requests); };
    report.add({.bench = "studio_cache",
                .name = "L1+L2 hit ratio from cold, " + name,
                .unit = "ratio",
                .ours = stats.hit_ratio,
                .lower_is_better = false,
                .target = bench::bar{"ours", ">=", 0.95}});
    report.add({.bench = "studio_cache",
                .name = "of these in L1",
                .unit = "ratio",
                .ours = share(stats.l1_hits),
                .lower_is_better = false});
    report.add({.bench = "studio_cache",
                .name = "mean lookup, " + name,
                .unit = "us",
                .ours = both.mean_us(),
                .peers = {{"L2 alone", remote.mean_us()}},
                .target = bench::bar{"ratio:L2 alone", ">=", 2}});
}

} // namespace

int main(int count, char** arguments) {
    return bench::run_program(count, arguments, "studio_cache", run);
}
