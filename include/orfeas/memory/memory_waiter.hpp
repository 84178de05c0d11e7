// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/detail/listener_list.hpp>

namespace orfeas::inline v0::memory {

/// Someone who waits until a resource has memory again: `on_memory_back()` is called whenever some was deallocated, of those
/// who were added before first.
///
/// Added to a resource with `add_waiter`, it must be removed again before it ends. Who adds itself first, and then asks the
/// resource for memory, misses nothing: what is deallocated after that request is told.
/// Thread-safe: it is called from any thread, one call at a time.
class memory_waiter : public detail::listed<memory_waiter> {
  public:
    virtual ~memory_waiter() = default;
    memory_waiter(memory_waiter const&) = delete;
    memory_waiter& operator=(memory_waiter const&) = delete;

    /// Runs on the thread that deallocated, which waits for it: wake the one who asks again, and do no more. The resource
    /// must not be called from it.
    virtual void on_memory_back() noexcept = 0;

  protected:
    memory_waiter() = default;
};

} // namespace orfeas::inline v0::memory
