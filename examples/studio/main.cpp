// SPDX-License-Identifier: MIT
//
// The studio: a service that turns pictures into printable reliefs, built from every part of orfeas.

#include "service/command_line.hpp"
#include "service/mesh_maker.hpp"
#include "service/mesh_service.hpp"
#include "service/outlets.hpp"
#include "service/studio_options.hpp"

#include <orfeas/cache/tiered_options.hpp>
#include <orfeas/core/log_sinks.hpp>
#include <orfeas/memory.hpp>
#include <orfeas/observatory.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace {

using web_server = orfeas::serve::server<orfeas::observatory>;

constexpr std::chrono::seconds time_to_export{5};

orfeas::http::server_options http_options(studio::command_line const& given) {
    auto options = orfeas::from_environment<orfeas::http::server_options>();
    if (given.port) {
        options.port = *given.port;
    }
    if (given.address) {
        options.address = *given.address;
    }
    return options;
}

/// The cache's: the library's own variables go before the studio's, and the command line before both.
orfeas::cache::tiered_options cache_options(studio::command_line const& given, studio::studio_options const& studio) {
    orfeas::cache::tiered_options options;
    options.l1_bytes = studio.cache_bytes;
    options.ttl = options.l1_ttl = studio.cache_ttl;
    options.key_prefix = "studio:mesh:";
    options = orfeas::from_environment(std::move(options));
    options.l1_bytes = given.l1_bytes.value_or(options.l1_bytes);
    if (!given.l2.empty()) {
        options.l2 = given.l2;
    }
    return options;
}

/// The host pool's options come from the environment; the device's pool keeps events, too, but has all of its device.
orfeas::memory::pool_options device_options(orfeas::memory::pool_options host) {
    host.limit_bytes = 0;
    return host;
}

/// Ends the service in order when it is told to: no new requests, those in flight finish, what is known of them is sent,
/// then the frames end.
orfeas::task<void> end_on_signal(web_server& web, studio::mesh_service& meshes, orfeas::observatory& obs,
                                 studio::outlets& out, std::chrono::milliseconds drain) {
    boost::asio::signal_set signals{co_await boost::asio::this_coro::executor, SIGINT, SIGTERM};
    co_await signals.async_wait(boost::asio::use_awaitable);
    std::cout << "studio: ending" << std::endl;
    bool const drained = co_await web.stop(drain);
    co_await meshes.stop();
    co_await out.stop(time_to_export);
    co_await obs.stop();
    std::cout << (drained ? "studio: ended" : "studio: ended; requests that took too long were cut off") << std::endl;
}

/// Notes each cleanup in the pool's history, and says why it was.
studio::cleanup_listener tell_of_cleanups(orfeas::observatory& obs, std::string name) {
    return [&obs, name = std::move(name)](orfeas::memory::cleanup_prediction const& why,
                                          orfeas::memory::cleanup_report const& done) {
        obs.memory().record(name, {.time = orfeas::steady_clock{}.wall_now(), .report = done});
        auto const level = done.success ? orfeas::severity::info : orfeas::severity::warning;
        obs.log()(level, "studio", "cleaned_up_ahead",
                  {{"pool", name}, {"why", to_text(why)}, {"freed_bytes", done.freed_bytes}});
    };
}

void run(studio::command_line const& given) {
    auto const options = orfeas::from_environment<studio::studio_options>();
    auto const limits = orfeas::from_environment<studio::picture_limits>();
    auto choice = orfeas::from_environment<orfeas::memory::best_device_options>();
    choice.cuda = choice.cuda && studio::has_kernels();
    auto const device = orfeas::memory::best_device(choice);
    choice.cuda = false;
    auto const host = device.host_accessible() ? device : orfeas::memory::best_device(choice);
    orfeas::logger const log{std::make_shared<orfeas::text_sink>(std::cerr, orfeas::severity::warning)};

    boost::asio::io_context io;
    auto const observed = orfeas::observatory_from_environment({.service = "studio", .log = log});
    orfeas::observatory obs{io.get_executor(), observed};
    orfeas::memory::pool_options known;
    known.event_capacity = 32'768; // some minutes of work, for the timeline on the page
    known = orfeas::from_environment(known);
    orfeas::memory::pool pool{host, known};
    obs.watch("pool", pool);
    std::optional<orfeas::memory::pool> device_pool; // where the host cannot reach the device's memory
    if (!device.host_accessible()) {
        device_pool.emplace(device, device_options(known));
        obs.watch("gpu", *device_pool);
    }
    auto const marks = orfeas::from_environment<orfeas::memory::cleanup_marks>();
    auto const kept = [&](std::string const& name, orfeas::memory::pool& of) {
        obs.memory().set_cleanup_ahead(name);
        // the other half is for finished meshes, and for what a worker makes of one picture after the other
        auto const batch_bytes = of.profile().total_bytes / 2 / options.workers;
        return studio::kept_pool{of, batch_bytes, marks, tell_of_cleanups(obs, name)};
    };
    std::optional<studio::kept_pool> device_memory;
    if (device_pool) {
        device_memory.emplace(kept("gpu", *device_pool));
    }
    auto const maker = studio::make_mesh_maker(kept("pool", pool), std::move(device_memory), limits);
    studio::mesh_service meshes{io.get_executor(), obs, *maker, pool, options, cache_options(given, options), limits};
    pool.add_reclaimer(
        0, [&meshes](std::uint64_t) { return meshes.drop_cached_meshes(); }); // rather than refuse a picture
    obs.clean_up_ahead("pool", pool); // and before it comes to that, if it is foreseen
    web_server web{io.get_executor(), obs, http_options(given),
                   orfeas::from_environment<orfeas::serve::dashboard_options>()};
    meshes.add_routes(web);
    studio::outlets out{io.get_executor(), obs, given};
    web.start();
    std::cout << "studio: listening on " << web.url() << " with " << device.name() << std::endl;
    boost::asio::co_spawn(io, end_on_signal(web, meshes, obs, out, options.drain_deadline), boost::asio::detached);
    io.run();
    meshes.join();
}

} // namespace

int main(int count, char** arguments) {
    try {
        auto const given = studio::parse_command_line(count, arguments);
        if (given.help) {
            std::cout << studio::usage;
        } else {
            run(given);
        }
        return 0;
    } catch (std::exception const& error) {
        std::cerr << "studio: " << error.what() << std::endl;
        return 1;
    }
}
