// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/heap_resource.hpp>
#include <orfeas/memory/out_of_memory.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace studio_test {

using bytes = std::vector<std::byte>;

inline bytes to_bytes(std::string_view text) {
    auto const from = std::as_bytes(std::span{text});
    return {from.begin(), from.end()};
}

inline bytes read_file(std::filesystem::path const& path) {
    std::ifstream file{path, std::ios::binary};
    return to_bytes(std::string{std::istreambuf_iterator<char>{file}, {}});
}

inline std::vector<std::filesystem::path> pictures_in(std::filesystem::path const& folder) {
    std::vector<std::filesystem::path> found;
    if (std::filesystem::is_directory(folder)) {
        for (auto const& each : std::filesystem::directory_iterator{folder}) {
            auto const kind = each.path().extension();
            if (kind == ".png" || kind == ".jpg" || kind == ".pgm") {
                found.push_back(each.path());
            }
        }
    }
    return found;
}

/// The example's own pictures. Tests run in the repository's root.
inline std::filesystem::path const example_pictures = "examples/studio/pictures";

/// The folder of more pictures, which need not be there.
inline std::filesystem::path data_pictures() {
    char const* const folder = std::getenv("ORFEAS_DATA");
    return std::filesystem::path{folder != nullptr ? folder : "../shared/data"} / "images";
}

/// A heap that counts, and refuses single requests above `largest` bytes.
class counting_resource {
  public:
    explicit counting_resource(std::size_t largest = SIZE_MAX) : largest_{largest} {}

    void* allocate(std::size_t size, std::size_t alignment) {
        if (void* const p = try_allocate(size, alignment)) {
            return p;
        }
        throw orfeas::memory::out_of_memory{{.requested_bytes = size, .alignment = alignment}, "counting"};
    }
    void* try_allocate(std::size_t size, std::size_t alignment) noexcept {
        if (size > largest_) {
            return nullptr;
        }
        void* const p = heap_.try_allocate(size, alignment);
        if (p != nullptr) {
            live += size;
            ++allocations;
        }
        return p;
    }
    void deallocate(void* p, std::size_t size, std::size_t alignment) noexcept {
        live -= size;
        heap_.deallocate(p, size, alignment);
    }
    friend bool operator==(counting_resource const& a, counting_resource const& b) noexcept { return &a == &b; }

    std::size_t live = 0; ///< bytes
    std::size_t allocations = 0;

  private:
    std::size_t largest_;
    orfeas::memory::heap_resource heap_;
};
static_assert(orfeas::memory::memory_resource<counting_resource>);

} // namespace studio_test
