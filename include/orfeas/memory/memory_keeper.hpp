// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/detail/listener_list.hpp>

namespace orfeas::inline v0::memory {

/// Someone who keeps memory of a resource for later, a thread's cache for instance: `on_memory_wanted()` is called when a
/// request found no room, or memory is scarce.
///
/// Added to a resource with `add_keeper`, it must be removed again before it ends.
/// Thread-safe: it is called from any thread, one call at a time.
class memory_keeper : public detail::listed<memory_keeper> {
  public:
    virtual ~memory_keeper() = default;
    memory_keeper(memory_keeper const&) = delete;
    memory_keeper& operator=(memory_keeper const&) = delete;

    /// Runs on the thread whose request found no room, which waits for it: note that memory is wanted, and give it back
    /// soon. The resource must not be called from it.
    virtual void on_memory_wanted() noexcept = 0;

  protected:
    memory_keeper() = default;
};

} // namespace orfeas::inline v0::memory
