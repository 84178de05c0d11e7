# What a module may link besides the standard library. Nothing is downloaded: find_package only.
#
# ORFEAS_WITH_<NAME> is AUTO (use it when found), ON (an error when it is missing) or OFF.

include_guard(GLOBAL)

# orfeas_third_party(NAME PACKAGE "find_package arguments" LINK targets…)
# sets ORFEAS_HAS_<NAME>, ORFEAS_LINK_<NAME> and ORFEAS_PACKAGE_<NAME>, the latter for the installed config file.
function(orfeas_third_party name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "PACKAGE" "LINK")
    string(TOUPPER ${name} upper)
    set(ORFEAS_WITH_${upper} AUTO CACHE STRING "Use ${name}: AUTO, ON or OFF")
    set_property(CACHE ORFEAS_WITH_${upper} PROPERTY STRINGS AUTO ON OFF)

    set(has FALSE)
    if(NOT ORFEAS_WITH_${upper} STREQUAL "OFF")
        separate_arguments(package UNIX_COMMAND "${arg_PACKAGE}")
        list(GET package 0 package_name)
        if(package_name STREQUAL "CUDAToolkit")
            # From projects that ask for CMake 3.25, its module of that version expects a target that CUDA 13 no longer has.
            set(CMAKE_MINIMUM_REQUIRED_VERSION 3.24)
        endif()
        find_package(${package} QUIET)
        if(${package_name}_FOUND)
            set(has TRUE)
        elseif(ORFEAS_WITH_${upper} STREQUAL "ON")
            message(FATAL_ERROR "ORFEAS_WITH_${upper} is ON, but find_package(${arg_PACKAGE}) found nothing")
        else()
            message(STATUS "orfeas: ${name} not found (${arg_PACKAGE}): what needs it is left out")
        endif()
    endif()
    set(ORFEAS_HAS_${upper} ${has} PARENT_SCOPE)
    set(ORFEAS_LINK_${upper} ${arg_LINK} PARENT_SCOPE)
    set(ORFEAS_PACKAGE_${upper} "${arg_PACKAGE}" PARENT_SCOPE)
endfunction()

find_package(Threads REQUIRED)

# Debian's FindCUDAToolkit looks into /usr/local/cuda by itself; imported targets are global for tests and examples.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL TRUE)
orfeas_third_party(asio PACKAGE "Boost 1.81" LINK Boost::headers)
orfeas_third_party(cuda PACKAGE "CUDAToolkit 12" LINK CUDA::cudart)
orfeas_third_party(eigen PACKAGE "Eigen3 3.4" LINK Eigen3::Eigen)
orfeas_third_party(openssl PACKAGE "OpenSSL 3.0" LINK OpenSSL::SSL)
orfeas_third_party(zlib PACKAGE "ZLIB 1.2" LINK ZLIB::ZLIB)
orfeas_third_party(yaml PACKAGE "yaml-cpp 0.7" LINK $<IF:$<TARGET_EXISTS:yaml-cpp::yaml-cpp>,yaml-cpp::yaml-cpp,yaml-cpp>)
orfeas_third_party(json PACKAGE "nlohmann_json 3.11" LINK nlohmann_json::nlohmann_json)
# Zstandard's own package names the target after the kind of library that was built.
orfeas_third_party(compress PACKAGE "zstd 1.4"
    LINK $<IF:$<TARGET_EXISTS:zstd::libzstd_shared>,zstd::libzstd_shared,zstd::libzstd_static>)
unset(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL)

# Beast is a part of Boost; it has a name of its own because fewer modules may include it.
set(ORFEAS_HAS_BEAST ${ORFEAS_HAS_ASIO})
set(ORFEAS_LINK_BEAST ${ORFEAS_LINK_ASIO})
set(ORFEAS_PACKAGE_BEAST "${ORFEAS_PACKAGE_ASIO}")
