// SPDX-License-Identifier: MIT
#pragma once

#include <dlfcn.h>

#include <memory>
#include <optional>

namespace orfeas::inline v0 {

/// A shared library opened at run time, closed with the last copy. For libraries that a machine may lack, such as a GPU
/// driver: the program needs neither their headers nor a link to them.
/// Thread-safe.
class dynamic_library {
  public:
    /// Opens the library by its file name ("libcuda.so.1"); empty when the machine has none that loads.
    static std::optional<dynamic_library> try_open(char const* file_name) {
        void* const handle = ::dlopen(file_name, RTLD_NOW | RTLD_LOCAL);
        if (handle == nullptr) {
            return std::nullopt;
        }
        return dynamic_library{handle};
    }

    /// The entry point `name` as a function pointer type; null when the library has none.
    template<class Function>
    Function symbol(char const* name) const noexcept {
        return reinterpret_cast<Function>(::dlsym(handle_.get(), name));
    }

  private:
    explicit dynamic_library(void* handle) : handle_{handle, [](void* each) { ::dlclose(each); }} {}

    std::shared_ptr<void> handle_;
};

} // namespace orfeas::inline v0
