// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/parameters.hpp"
#include "pipeline/picture_limits.hpp"
#include "service/batch_queue.hpp"
#include "service/enqueuing.hpp"
#include "service/mesh_codec.hpp"
#include "service/mesh_key.hpp"
#include "service/mesh_maker.hpp"
#include "service/mesh_order.hpp"
#include "service/problems.hpp"
#include "service/stage_recorder.hpp"
#include "service/studio_options.hpp"

#include <orfeas/cache/tiered.hpp>
#include <orfeas/core/hash.hpp>
#include <orfeas/observatory.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace studio {

/// Turns pictures into meshes over HTTP. A mesh is named by the picture's content and the parameters, so that the same
/// request is answered from the cache, and at the same time worked on only once; services that share Redis servers share
/// their meshes.
/// Thread-safe. What it is made of outlives it; it outlives the requests.
class mesh_service {
  public:
    /// Cached meshes lie in `pool`. Throws orfeas::option_error for options of the cache that are out of range.
    mesh_service(boost::asio::any_io_executor executor, orfeas::observatory& obs, mesh_maker& maker,
                 orfeas::memory::pool& pool, studio_options const& options, orfeas::cache::tiered_options const& cache,
                 picture_limits const& limits)
        : obs_{obs},
          maker_{maker},
          limits_{limits},
          seed_{seed_of(options, cache)},
          stages_{obs.metrics(), obs.tracer()},
          generated_{obs.metrics().counter("studio_meshes_total", "Meshes made.")},
          generated_bytes_{obs.metrics().counter("generated_bytes_total", "Bytes of the meshes made.")},
          device_time_{device_time_of(maker, obs)},
          batch_size_{obs.metrics().histogram("studio_batch_size", "Meshes made together.", {}, {1, 1024})},
          meshes_{std::move(executor), cache, parts_of(pool, obs)},
          queue_{options.workers, options.queue, delay_of(options, maker),
                 [this, base = options.batch] { return maker_.largest_batch(base); },
                 [this](std::span<mesh_order> batch) { make(batch); }} {
        obs.watch("meshes", meshes_);
        obs.watch("workers", queue_);
    }

    mesh_service(mesh_service const&) = delete;
    mesh_service& operator=(mesh_service const&) = delete;
    ~mesh_service() {
        for (auto const* name : {"meshes", "workers"}) {
            obs_.unwatch(name);
        }
    }

    /// Adds POST /api/v1/generate and GET /api/v1/meshes/{id}.
    template<class Server>
    void add_routes(Server& web) {
        web.route("POST", "/api/v1/generate", [this](orfeas::http::request const& q) { return generate(q); },
                  {.body_bytes = limits_.max_bytes});
        web.route("GET", "/api/v1/meshes/{id}", [this](orfeas::http::request const& q) { return mesh_by_id(q); });
    }

    /// Forgets the meshes that are cached in this process, whose memory is the pool's. Returns how much that freed at most:
    /// answers that are still being sent keep theirs.
    std::uint64_t drop_cached_meshes() {
        auto const held = meshes_.stats().l1.bytes;
        meshes_.clear_local();
        return held;
    }

    /// Ends the connections to the cache's servers; no request may come any more.
    orfeas::task<> stop() { return meshes_.stop(); }

    /// Waits for the work that was begun; no request may come any more.
    void join() { queue_.join(); }

  private:
    using mesh_cache = orfeas::cache::tiered<std::string, encoded_mesh, mesh_codec<orfeas::memory::pool>>;

    /// Of this run alone, unless others are to find its meshes.
    static std::uint64_t seed_of(studio_options const& options, orfeas::cache::tiered_options const& cache) {
        return options.key_seed == 0 && cache.l2.empty() ? orfeas::random_seed() : options.key_seed;
    }

    static mesh_cache::parts parts_of(orfeas::memory::pool& pool, orfeas::observatory& obs) {
        return {.codec = mesh_codec{pool},
                .connection = orfeas::from_environment<orfeas::cache::redis::connection_options>(),
                .log = obs.log()};
    }

    static std::optional<orfeas::metrics::counter> device_time_of(mesh_maker const& maker, orfeas::observatory& obs) {
        if (!maker.has_device()) {
            return {};
        }
        return obs.metrics().counter("load_gpu_seconds_total", "Time that batches had the device.");
    }

    orfeas::task<orfeas::http::response> generate(orfeas::http::request const& q) {
        auto span = obs_.tracer().span("generate");
        parameters const asked = parameters_of(q);
        auto const id = mesh_key(q.body(), asked, seed_);
        span.set("resolution", std::int64_t{asked.resolution});
        span.set("picture_bytes", static_cast<std::int64_t>(q.body().size()));
        // The mesh depends on nothing but the request, so a client that has it is told so for POST too.
        if (client_has(q, id)) {
            co_return orfeas::http::not_modified(etag_of(id));
        }
        auto const is_made = std::make_shared<std::atomic<bool>>(false); // the load may outlive this request
        auto load = [this, is_made, work = mesh_request{q.shared_body(), asked, orfeas::trace::capture()}] {
            is_made->store(true, std::memory_order_relaxed);
            return load_mesh(work);
        };
        auto mesh = co_await meshes_.get_or_load(id, std::move(load));
        bool const is_cached = !is_made->load(std::memory_order_relaxed);
        span.set("cached", is_cached);
        co_return answer(id, mesh, is_cached ? "hit" : "fwd=miss; stored");
    }

    orfeas::task<orfeas::http::response> mesh_by_id(orfeas::http::request const& q) {
        std::string const id{q.path_parameter("id")};
        if (orfeas::http::is_not_modified(q, etag_of(id))) {
            co_return orfeas::http::not_modified(etag_of(id));
        }
        auto const cached = co_await meshes_.get(id);
        if (cached) {
            co_return answer(id, *cached, "hit");
        }
        co_return orfeas::http::problem{orfeas::http::status::not_found}.detail(
            "No mesh of this id is kept; POST the picture to /api/v1/generate to have it made.");
    }

    /// Has a mesh made by a worker; refuses when too many wait already.
    orfeas::task<encoded_mesh> load_mesh(mesh_request work) {
        try {
            auto mesh = co_await enqueue(std::move(work));
            generated_.add();
            generated_bytes_.add(mesh->bytes().size());
            co_return std::move(*mesh);
        } catch (bad_picture const& error) {
            throw orfeas::http::problem_error{problem_of(error)};
        } catch (std::bad_alloc const& error) {
            obs_.log()(orfeas::severity::warning, "studio", "out_of_memory", {{"reason", error.what()}});
            throw orfeas::http::problem_error{busy("There is no memory for this picture at present.")};
        }
    }

    /// Completes with the mesh, or with what made it fail.
    orfeas::task<std::optional<encoded_mesh>> enqueue(mesh_request work) {
        boost::asio::use_awaitable_t<> token;
        return boost::asio::async_initiate<boost::asio::use_awaitable_t<>,
                                           void(std::exception_ptr, std::optional<encoded_mesh>)>(
            enqueuing<batch_queue<mesh_order>>{&queue_, &stages_, &limits_, queue_full}, token, std::move(work));
    }

    static std::exception_ptr queue_full() {
        return std::make_exception_ptr(orfeas::http::problem_error{busy("The queue is full.")});
    }

    /// Runs on a worker's thread.
    void make(std::span<mesh_order> batch) {
        batch_size_.observe(static_cast<double>(batch.size()));
        for (auto const& each : batch) {
            each.note_batch(batch.size());
        }
        auto const on_device = maker_.make(batch);
        if (device_time_) {
            device_time_->add(std::chrono::duration<double>(on_device).count());
        }
    }

    /// Company saves trips to a device; where there is none, nobody waits for it.
    static std::chrono::nanoseconds delay_of(studio_options const& options, mesh_maker const& maker) {
        return maker.has_device() ? options.batch_delay : std::chrono::milliseconds{0};
    }

    static parameters parameters_of(orfeas::http::request const& q) {
        std::vector<std::pair<std::string, std::string>> query;
        for (auto& each : q.parameters()) {
            query.emplace_back(std::move(each.name), std::move(each.value));
        }
        try {
            return parse_parameters(query);
        } catch (orfeas::option_error const& error) {
            throw orfeas::http::problem_error{problem_of(error)};
        }
    }

    static std::string etag_of(std::string_view id) { return std::string{"\""}.append(id).append("\""); }

    static bool client_has(orfeas::http::request const& q, std::string_view id) {
        auto const tags = q.field("if-none-match");
        return tags && orfeas::http::list_matches_etag(*tags, etag_of(id));
    }

    /// The mesh's bytes go out as they lie in the cache.
    static orfeas::http::response answer(std::string_view id, encoded_mesh const& mesh, std::string_view cache_status) {
        orfeas::http::response out{orfeas::http::status::ok, mesh.media_type(),
                                   orfeas::http::shared_bytes{mesh.bytes(), mesh.owner()}};
        out.set("etag", etag_of(id)).set("cache-control", "no-cache");
        out.set("content-location", std::string{"/api/v1/meshes/"}.append(id));
        out.set("cache-status", std::string{"studio; "}.append(cache_status)); // RFC 9211
        return out;
    }

    orfeas::observatory& obs_;
    mesh_maker& maker_;
    picture_limits limits_;
    std::uint64_t seed_;
    stage_recorder stages_;
    orfeas::metrics::counter generated_;
    orfeas::metrics::counter generated_bytes_;
    std::optional<orfeas::metrics::counter> device_time_; // with these two the observatory knows what meshes cost
    orfeas::metrics::histogram batch_size_;
    mesh_cache meshes_;
    batch_queue<mesh_order> queue_;
};

} // namespace studio
