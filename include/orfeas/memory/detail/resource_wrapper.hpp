// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/concepts.hpp>

#include <cstddef>

namespace orfeas::inline v0::memory::detail {

/// What a resource over another one has of that one, whatever it does about allocations: copies to and from the host.
/// As thread-safe as the resource below.
template<memory_resource Resource>
class resource_wrapper {
  public:
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

  protected:
    explicit resource_wrapper(Resource& upstream) noexcept : upstream_{&upstream} {}
    resource_wrapper(resource_wrapper const&) = delete;
    resource_wrapper& operator=(resource_wrapper const&) = delete;
    ~resource_wrapper() = default;

    /// From here on around another resource: for adaptors that can be assigned.
    void set_upstream(Resource& upstream) noexcept { upstream_ = &upstream; }

  private:
    Resource* upstream_;
};

} // namespace orfeas::inline v0::memory::detail
