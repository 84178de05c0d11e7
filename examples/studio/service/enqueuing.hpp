// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/encoded_mesh.hpp"
#include "pipeline/parameters.hpp"
#include "pipeline/picture_limits.hpp"
#include "pipeline/picture_weight.hpp"
#include "service/mesh_order.hpp"
#include "service/resumption.hpp"
#include "service/stage_recorder.hpp"

#include <orfeas/http/body.hpp>
#include <orfeas/trace.hpp>

#include <exception>
#include <optional>
#include <utility>

namespace studio {

/// What a request asks for. It owns what it reads, for an order of it may outlive the request.
struct mesh_request {
    orfeas::http::shared_bytes picture;
    parameters asked;
    orfeas::trace::context parent;
};

/// Puts a request into the workers' queue: an initiation, whose handler takes the mesh or why there is none. The handler is
/// called once, on its own executor, whatever fails; `full()` is why when the queue has no place. What it
/// refers to outlives the orders.
template<class Queue>
struct enqueuing {
    Queue* queue;
    stage_recorder* stages;
    picture_limits const* limits;
    std::exception_ptr (*full)();

    template<class Handler>
    void operator()(Handler handler, mesh_request request) const {
        resumption<Handler> resume{std::move(handler)};
        std::optional<mesh_order> order;
        try { // what is thrown here would reach the executor, not the request
            auto const weight = weight_of(request.picture.bytes, request.asked, *limits);
            order.emplace(request.picture.bytes, std::move(request.picture.owner), request.asked,
                          std::move(request.parent), *stages, std::move(resume));
            if (!queue->try_add(*order, weight)) {
                order->failed(full());
            }
        } catch (...) {
            if (order) {
                order->failed(std::current_exception());
            } else { // no memory for the order, which has moved nothing then
                resume(std::current_exception(), std::optional<encoded_mesh>{});
            }
        }
    }
};

} // namespace studio
