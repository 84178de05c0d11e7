// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>

namespace orfeas::inline v0::memory {

/// A stream of a device, by the native handle that the application holds: a cudaStream_t or CUstream. It owns nothing:
/// the stream must live while a reference to it is used. Default-constructed, it is the device's default stream (CUDA's
/// legacy one; a program built with per-thread default streams passes cudaStreamPerThread). Two references are equal when
/// their handles are; a handle says nothing about the device it belongs to.
/// Thread-compatible (distinct objects).
class stream_ref {
  public:
    constexpr stream_ref() noexcept = default;

    // explicit: else any pointer would be a stream, also in the place of an argument that was left out
    constexpr explicit stream_ref(void* native) noexcept : native_{native} {}

    /// The handle, to be cast back to the toolkit's type.
    constexpr void* native() const noexcept { return native_; }

    friend constexpr bool operator==(stream_ref, stream_ref) noexcept = default;

  private:
    void* native_ = nullptr;
};

} // namespace orfeas::inline v0::memory

template<>
struct std::hash<orfeas::memory::stream_ref> {
    std::size_t operator()(orfeas::memory::stream_ref stream) const noexcept {
        return std::hash<void*>{}(stream.native());
    }
};
