// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/buffer.hpp>
#include <orfeas/memory/concepts.hpp>

#include <cstddef>
#include <string_view>

namespace studio {

using orfeas::memory::buffer;
using orfeas::memory::memory_resource;

/// `size` uninitialised elements for a stage of the pipeline ("decode", "relief", …), whose name is their tag where the
/// resource keeps tags. Throws what `resource` throws.
template<class T, memory_resource R>
buffer<T, R> stage_buffer(R& resource, std::string_view stage, std::size_t size) {
    if constexpr (requires { orfeas::memory::allocation_hint{.tag = resource.tag(stage)}; }) {
        return {resource, size, {.tag = resource.tag(stage)}};
    } else {
        return {resource, size};
    }
}

} // namespace studio
