// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/allocation_hint.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/detail/resource_wrapper.hpp>
#include <orfeas/memory/stream_ref.hpp>

#include <cstddef>
#include <string_view>

namespace orfeas::inline v0::memory::detail {

/// A resource that does something around the calls of another one. It has what that one has: copies to and from the host,
/// allocation in stream order, tags. `Adaptor` says what is done: `take(bytes, alignment, get)` and its twin `try_take`, of which
/// `get()` asks the resource below, and `give(p, bytes, alignment, give_back)` for a `p` that is not null.
/// Equal to itself alone. As thread-safe as the adaptor is.
template<class Adaptor, memory_resource Resource>
class resource_adaptor : public resource_wrapper<Resource> {
    using wrapper = resource_wrapper<Resource>;

  public:
    /// Throws out_of_memory.
    void* allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) {
        return self().take(bytes, alignment, [&] { return upstream().allocate(bytes, alignment); });
    }
    void* allocate(stream_ref stream, std::size_t bytes, std::size_t alignment = alignof(std::max_align_t))
        requires stream_ordered_resource<Resource>
    {
        return self().take(bytes, alignment, [&] { return upstream().allocate(stream, bytes, alignment); });
    }

    /// As the first form, and the resource below is told what it is for.
    void* allocate(std::size_t bytes, std::size_t alignment, allocation_hint hint)
        requires requires(Resource& below) { below.allocate(bytes, alignment, hint); }
    {
        return self().take(bytes, alignment, [&] { return upstream().allocate(bytes, alignment, hint); });
    }

    /// The resource's tag of that name: see basic_pool::tag.
    tag_id tag(std::string_view name) noexcept
        requires requires(Resource& below) { below.tag(name); }
    {
        return upstream().tag(name);
    }

    /// As `allocate`, but null when there is no memory.
    void* try_allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) noexcept {
        return self().try_take(bytes, alignment, [&]() noexcept { return upstream().try_allocate(bytes, alignment); });
    }
    void* try_allocate(stream_ref stream, std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) noexcept
        requires stream_ordered_resource<Resource>
    {
        return self().try_take(bytes, alignment,
                               [&]() noexcept { return upstream().try_allocate(stream, bytes, alignment); });
    }

    /// Takes back what `allocate` returned for the same size and alignment. Null is nothing to take back.
    void deallocate(void* p, std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) noexcept {
        if (p != nullptr) {
            self().give(p, bytes, alignment, [&]() noexcept { upstream().deallocate(p, bytes, alignment); });
        }
    }
    void deallocate(stream_ref stream, void* p, std::size_t bytes,
                    std::size_t alignment = alignof(std::max_align_t)) noexcept
        requires stream_ordered_resource<Resource>
    {
        if (p != nullptr) {
            self().give(p, bytes, alignment, [&]() noexcept { upstream().deallocate(stream, p, bytes, alignment); });
        }
    }

    using wrapper::upstream;

    friend bool operator==(Adaptor const& a, Adaptor const& b) noexcept { return &a == &b; }

  protected:
    using wrapper::wrapper;

  private:
    Adaptor& self() noexcept { return static_cast<Adaptor&>(*this); }
};

} // namespace orfeas::inline v0::memory::detail
