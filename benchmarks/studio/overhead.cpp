// SPDX-License-Identifier: MIT
//
// What tracing and metrics add to the studio's main job: making a mesh of a picture that comes over HTTP. The same server,
// handler and pool in processes of their own, once with everything compiled out and once within an observatory, in server
// CPU time. Each request goes to each of them in turn, so that whatever else the machine does falls on all alike, and the
// processes are begun anew some dozens of times.

#include "pipeline/generate.hpp"
#include "pipeline/picture_limits.hpp"
#include "server_process.hpp"
#include "service/stage_recorder.hpp"
#include "support/cpu_timer.hpp"
#include "support/report.hpp"

#include <orfeas/http.hpp>
#include <orfeas/memory.hpp>
#include <orfeas/observatory.hpp>

#include <boost/asio/io_context.hpp>

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace http = orfeas::http;

/// Nothing is watched, and nothing of that is compiled.
class unwatched {
  public:
    struct nothing {};

    explicit unwatched(asio::any_io_executor executor) : web_{std::move(executor), {.port = 0}} {}

    http::server& web() noexcept { return web_; }
    nothing request(std::size_t) const noexcept { return {}; }
    studio::no_instrument& stages() noexcept { return stages_; }
    void made(std::size_t) const noexcept {}

  private:
    http::server web_;
    studio::no_instrument stages_;
};

/// As in the studio: requests are traces with a histogram, so are stages, meshes are counted, frames are taken.
class watched {
  public:
    watched(asio::any_io_executor executor, double keep_ratio)
        : obs_{executor, {.service = "studio", .trace = {.keep_ratio = keep_ratio}}},
          web_{std::move(executor), obs_, {.port = 0}},
          stages_{obs_.metrics(), obs_.tracer()},
          generated_{obs_.metrics().counter("studio_generated_total", "Meshes that were made.")},
          generated_bytes_{obs_.metrics().counter("studio_generated_bytes_total", "Bytes of the meshes made.")},
          picture_bytes_{obs_.metrics().histogram("studio_picture_bytes", "Sizes of the pictures.")} {}

    orfeas::serve::server<orfeas::observatory>& web() noexcept { return web_; }
    orfeas::trace::span request(std::size_t picture_bytes) {
        picture_bytes_.observe(static_cast<double>(picture_bytes));
        return obs_.tracer().span("generate");
    }
    studio::stage_recorder& stages() noexcept { return stages_; }
    void made(std::size_t bytes) noexcept {
        generated_.add();
        generated_bytes_.add(bytes);
    }

  private:
    orfeas::observatory obs_;
    orfeas::serve::server<orfeas::observatory> web_;
    studio::stage_recorder stages_;
    orfeas::metrics::counter generated_;
    orfeas::metrics::counter generated_bytes_;
    orfeas::metrics::histogram picture_bytes_;
};

constexpr std::uint32_t grid = 256;

template<class Watch>
class service {
  public:
    explicit service(Watch& watch) : watch_{watch} {
        watch_.web().route("POST", "/api/v1/generate", [this](http::request const& q) { return generate(q); },
                           {.body_bytes = studio::picture_limits{}.max_bytes});
        watch_.web().start();
    }

  private:
    orfeas::task<http::response> generate(http::request const& q) {
        [[maybe_unused]] auto const span = watch_.request(q.body().size());
        auto const mesh = studio::generate(pool_, relief_, q.body(), {.resolution = grid}, watch_.stages());
        watch_.made(mesh.bytes().size());
        co_return http::response{http::status::ok, mesh.media_type(), http::shared_bytes{mesh.bytes(), mesh.owner()}};
    }

    Watch& watch_;
    orfeas::memory::pool pool_{orfeas::memory::host_vmm{orfeas::memory::default_host_capacity()}};
    studio::host_relief relief_;
};

template<class Watch, class... Args>
void serve(int out, Args const&... args) {
    asio::io_context io;
    Watch watch{io.get_executor(), args...};
    service<Watch> const running{watch};
    auto const line = std::to_string(watch.web().port()) + "\n";
    if (::write(out, line.data(), line.size()) > 0) {
        io.run();
    }
}

/// A way to serve, each time in a new process, for where a process's memory lies makes more of a difference than what is
/// measured; and what its answers cost.
class contestant {
  public:
    explicit contestant(std::function<void(int)> serve) : serve_{std::move(serve)} {}

    void start() {
        client_.reset();
        server_ = std::make_unique<bench::server_process>(serve_);
        client_ = std::make_unique<bench::client>(server_->port());
    }

    /// CPU milliseconds of one answer.
    double answer(std::string const& request) {
        double const before = server_->cpu_seconds();
        auto const answered = client_->ask(request);
        if (!answered.head.starts_with("HTTP/1.1 200 ")) {
            throw std::runtime_error{"the server answered " + answered.head};
        }
        return (server_->cpu_seconds() - before) * 1e3;
    }

    std::vector<double> milliseconds; ///< medians, one for each process

  private:
    std::function<void(int)> serve_;
    std::unique_ptr<bench::server_process> server_;
    std::unique_ptr<bench::client> client_;
};

/// New processes, each of which gives every answer in turn with the others.
void race(std::vector<contestant*> const& order, std::string const& request, int rounds) {
    std::vector<std::vector<double>> times(order.size());
    for (auto* const each : order) {
        each->start();
    }
    constexpr int warm_up = 5;
    for (int i = -warm_up; i < rounds; ++i) {
        for (std::size_t k = 0; k < order.size(); ++k) {
            auto const turn = (k + static_cast<std::size_t>(i + warm_up)) % order.size();
            double const time = order[turn]->answer(request);
            if (i >= 0) {
                times[turn].push_back(time);
            }
        }
    }
    for (std::size_t k = 0; k < order.size(); ++k) {
        order[k]->milliseconds.push_back(bench::median_of(std::move(times[k])));
    }
}

void run(bench::report& report) {
    contestant without{serve<unwatched>};
    contestant again{serve<unwatched>}; // says how well a difference can be told
    contestant all{[](int out) { serve<watched>(out, 1.0); }};
    contestant few{[](int out) { serve<watched>(out, 0.01); }};
    auto const request = bench::post("resolution=" + std::to_string(grid), bench::picture());
    int const processes = report.arguments().quick ? 9 : 41;
    for (int i = 0; i < processes; ++i) {
        race({&without, &all, &few, &again}, request, report.arguments().quick ? 25 : 50);
    }
    double const plain = bench::median_of(without.milliseconds);
    auto const row = [&](std::string name, contestant const& one, std::optional<bench::bar> target) {
        report.add({.bench = "studio_overhead",
                    .name = std::move(name),
                    .unit = "% CPU",
                    .ours = (bench::median_of(one.milliseconds) / plain - 1) * 100,
                    .target = std::move(target)});
    };
    row("tracing and metrics, every trace kept", all, bench::bar{"ours", "<=", 2});
    row("tracing and metrics, 1 % of the traces kept", few, bench::bar{"ours", "<=", 0.5});
    row("nothing against nothing", again, {});
    report.add({.bench = "studio_overhead",
                .name = "a mesh of 256x256 over HTTP, everything compiled out",
                .unit = "ms CPU",
                .ours = plain});
}

} // namespace

int main(int count, char** arguments) {
    return bench::run_program(count, arguments, "studio_overhead", run);
}
