// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/stream_ref.hpp>

#include <cstddef>

namespace orfeas::inline v0::memory::detail {

/// A resource that does something around the calls of another one. It has what that one has: copies to and from the host,
/// allocation in stream order. `Adaptor` says what is done: `take(bytes, alignment, get)` and its twin `try_take`, of which
/// `get()` asks the resource below, and `give(p, bytes, alignment, give_back)` for a `p` that is not null.
/// As thread-safe as the adaptor is.
template<class Adaptor, memory_resource Resource>
class resource_adaptor {
  public:
    /// Throws out_of_memory.
    void* allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) {
        return self().take(bytes, alignment, [&] { return upstream_->allocate(bytes, alignment); });
    }
    void* allocate(stream_ref stream, std::size_t bytes, std::size_t alignment = alignof(std::max_align_t))
        requires stream_ordered_resource<Resource>
    {
        return self().take(bytes, alignment, [&] { return upstream_->allocate(stream, bytes, alignment); });
    }

    /// As `allocate`, but null when there is no memory.
    void* try_allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) noexcept {
        return self().try_take(bytes, alignment, [&]() noexcept { return upstream_->try_allocate(bytes, alignment); });
    }
    void* try_allocate(stream_ref stream, std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) noexcept
        requires stream_ordered_resource<Resource>
    {
        return self().try_take(bytes, alignment,
                               [&]() noexcept { return upstream_->try_allocate(stream, bytes, alignment); });
    }

    /// Takes back what `allocate` returned for the same size and alignment. Null is nothing to take back.
    void deallocate(void* p, std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) noexcept {
        if (p != nullptr) {
            self().give(p, bytes, alignment, [&]() noexcept { upstream_->deallocate(p, bytes, alignment); });
        }
    }
    void deallocate(stream_ref stream, void* p, std::size_t bytes,
                    std::size_t alignment = alignof(std::max_align_t)) noexcept
        requires stream_ordered_resource<Resource>
    {
        if (p != nullptr) {
            self().give(p, bytes, alignment, [&]() noexcept { upstream_->deallocate(stream, p, bytes, alignment); });
        }
    }

    void copy_in(void* to, void const* from, std::size_t bytes)
        requires copying_resource<Resource>
    {
        upstream_->copy_in(to, from, bytes);
    }
    void copy_out(void* to, void const* from, std::size_t bytes)
        requires copying_resource<Resource>
    {
        upstream_->copy_out(to, from, bytes);
    }
    bool host_accessible() const noexcept
        requires copying_resource<Resource>
    {
        return static_cast<Resource const*>(upstream_)->host_accessible();
    }

    /// The resource below.
    Resource& upstream() const noexcept { return *upstream_; }

    friend bool operator==(Adaptor const& a, Adaptor const& b) noexcept { return &a == &b; }

  protected:
    explicit resource_adaptor(Resource& upstream) noexcept : upstream_{&upstream} {}
    resource_adaptor(resource_adaptor const&) = delete;
    resource_adaptor& operator=(resource_adaptor const&) = delete;
    ~resource_adaptor() = default;

    /// From here on around another resource: for adaptors that can be assigned.
    void set_upstream(Resource& upstream) noexcept { upstream_ = &upstream; }

  private:
    Adaptor& self() noexcept { return static_cast<Adaptor&>(*this); }

    Resource* upstream_;
};

} // namespace orfeas::inline v0::memory::detail
