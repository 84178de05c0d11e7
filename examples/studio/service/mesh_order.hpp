// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/encoded_mesh.hpp"
#include "pipeline/mesh_batch.hpp"
#include "pipeline/parameters.hpp"
#include "service/stage_recorder.hpp"

#include <orfeas/core/unique_function.hpp>
#include <orfeas/trace.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace studio {

/// A mesh that a request asks for, on its way through a worker. It owns what it reads, for it may outlive the request; its
/// stages are spans of the request's trace. Move-only.
/// Thread-compatible (distinct objects).
class mesh_order {
  public:
    /// Takes the mesh, or why there is none. If it throws (no memory to hand it over), the order ends without an answer.
    using answer = orfeas::unique_function<void(std::exception_ptr, std::optional<encoded_mesh>)>;

    /// `owner` keeps the picture's bytes alive, and `stages` outlives the order.
    mesh_order(std::span<std::byte const> picture, std::shared_ptr<void const> owner, parameters const& asked,
               orfeas::trace::context parent, stage_recorder& stages, answer to)
        : picture_{picture},
          owner_{std::move(owner)},
          asked_{asked},
          parent_{std::move(parent)},
          stages_{&stages},
          answer_{std::move(to)} {}

    /// A stage of the request's trace.
    class scope {
      public:
        scope(orfeas::trace::context const& parent, stage_recorder& stages, std::string_view name)
            : inherit_{parent}, stage_{stages.stage(name)} {}

      private:
        orfeas::trace::scope inherit_;
        stage_recorder::scope stage_;
    };

    std::span<std::byte const> picture() const noexcept { return picture_; }
    parameters const& asked() const noexcept { return asked_; }
    scope stage(std::string_view name) { return scope{parent_, *stages_, name}; }
    void made(encoded_mesh mesh) { reply(nullptr, std::move(mesh)); }

    /// Does nothing after the first answer.
    void failed(std::exception_ptr why) { reply(std::move(why), std::nullopt); }

    /// Notes on the request's span how many are made together.
    void note_batch(std::size_t size) const {
        orfeas::trace::scope const inherit{parent_};
        orfeas::trace::annotate("batch_size", static_cast<std::int64_t>(size));
    }

  private:
    void reply(std::exception_ptr why, std::optional<encoded_mesh> mesh) {
        if (answer_ != nullptr) {
            auto const to = std::exchange(answer_, {});
            try {
                to(std::move(why), std::move(mesh));
            } catch (...) { // only this order's request is lost, not the batch
            }
        }
    }

    std::span<std::byte const> picture_;
    std::shared_ptr<void const> owner_;
    parameters asked_;
    orfeas::trace::context parent_;
    stage_recorder* stages_;
    answer answer_;
};
static_assert(mesh_job<mesh_order>);

} // namespace studio
