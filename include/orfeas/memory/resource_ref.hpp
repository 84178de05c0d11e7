// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/detail/resource_calls.hpp>

#include <concepts>
#include <cstddef>
#include <memory>

namespace orfeas::inline v0::memory {

/// A reference to a resource of any type: what a function takes that is not a template. Two words, copied like a pointer;
/// the resource must live while it is used. Itself a `memory_resource`, at the cost of an indirect call.
///
/// Two references are equal when they name one resource, or two of the same type that are equal.
/// Thread-safe, as far as the resource is.
class resource_ref {
  public:
    template<class Resource>
        requires(!std::same_as<Resource, resource_ref> && memory_resource<Resource>)
    resource_ref(Resource& resource) noexcept // implicit: a resource is passed where a reference is asked for
        : resource_{std::addressof(resource)}, calls_{&detail::calls_of<Resource>} {}

    /// Throws what the resource throws: out_of_memory.
    void* allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) const {
        return calls_->allocate(resource_, bytes, alignment);
    }

    void* try_allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) const noexcept {
        return calls_->try_allocate(resource_, bytes, alignment);
    }

    void deallocate(void* p, std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) const noexcept {
        calls_->deallocate(resource_, p, bytes, alignment);
    }

    // a member: as a friend it would be a candidate wherever an adaptor over references is compared
    bool operator==(resource_ref const& other) const {
        return calls_ == other.calls_ && (resource_ == other.resource_ || calls_->equal(resource_, other.resource_));
    }

  private:
    void* resource_;
    detail::resource_calls const* calls_;
};
static_assert(memory_resource<resource_ref>);

} // namespace orfeas::inline v0::memory
