# What only the project's own executables get: warnings as errors, sanitizers, ccache, and the functions by which
# tests, examples and benchmarks are declared. None of it reaches a user of the library.

include_guard(GLOBAL)

find_program(ORFEAS_CCACHE ccache)
if(ORFEAS_CCACHE AND PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${ORFEAS_CCACHE})
    set(CMAKE_CUDA_COMPILER_LAUNCHER ${ORFEAS_CCACHE})
endif()

set(CMAKE_CXX_EXTENSIONS OFF)
add_library(orfeas_dev INTERFACE)
target_compile_features(orfeas_dev INTERFACE cxx_std_20)
target_compile_options(orfeas_dev INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wconversion
    -Wsign-conversion -Wnon-virtual-dtor -Wundef -Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(orfeas_dev INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>) # for ccache
endif()
target_link_libraries(orfeas_dev INTERFACE Threads::Threads ${CMAKE_DL_LIBS})
if(ORFEAS_SANITIZE)
    set(orfeas_sanitize_flags -fsanitize=${ORFEAS_SANITIZE} -fno-omit-frame-pointer)
    if(ORFEAS_SANITIZE MATCHES "undefined")
        list(APPEND orfeas_sanitize_flags -fno-sanitize-recover=undefined)
    endif()
    target_compile_options(orfeas_dev INTERFACE $<$<COMPILE_LANGUAGE:CXX>:${orfeas_sanitize_flags}>)
    target_link_options(orfeas_dev INTERFACE -fsanitize=${ORFEAS_SANITIZE})
endif()

# The third parties that serve tests and benchmarks only.
set(CATCH2_INCLUDE "$ENV{CATCH2_INCLUDE}" CACHE PATH "The folder of catch2/catch.hpp, where no Catch2 package is installed")
add_library(orfeas_catch INTERFACE)
target_include_directories(orfeas_catch INTERFACE ${PROJECT_SOURCE_DIR}/tests)
if(CATCH2_INCLUDE)
    target_include_directories(orfeas_catch SYSTEM INTERFACE ${CATCH2_INCLUDE})
else()
    find_package(Catch2 QUIET)
    if(TARGET Catch2::Catch2)
        target_link_libraries(orfeas_catch INTERFACE Catch2::Catch2)
    elseif(ORFEAS_BUILD_TESTS)
        message(FATAL_ERROR "Catch2 is missing: install the package catch2, or set CATCH2_INCLUDE to the folder of catch2/catch.hpp")
    endif()
endif()

# The list that `./dev test` reads: one line a test, "name|module|target to build|sources, separated by spaces".
function(orfeas_note_test name module target)
    list(TRANSFORM ARGN REPLACE "^${PROJECT_SOURCE_DIR}/" "" OUTPUT_VARIABLE sources)
    list(JOIN sources " " sources)
    set_property(GLOBAL APPEND_STRING PROPERTY ORFEAS_TEST_LIST "${name}|${module}|${target}|${sources}\n")
endfunction()

function(orfeas_write_test_list)
    get_property(lines GLOBAL PROPERTY ORFEAS_TEST_LIST)
    file(WRITE ${CMAKE_BINARY_DIR}/orfeas_tests.txt "${lines}")
endfunction()

# orfeas_test(NAME MODULE m SOURCES … [LINK …] [LABELS …] [DEFINITIONS …])
# An executable of Catch2 test cases, and one ctest of the same name with its module as a label. Sources that include
# a target that was not declared are left out; without any source nothing is declared.
function(orfeas_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "MODULE;TIMEOUT" "SOURCES;LINK;LABELS;DEFINITIONS")
    set(sources "")
    foreach(source IN LISTS arg_SOURCES)
        cmake_path(ABSOLUTE_PATH source)
        orfeas_can_build(can ${source})
        if(can)
            list(APPEND sources ${source})
        endif()
    endforeach()
    if(NOT sources)
        return()
    endif()
    add_executable(${name} ${sources})
    target_link_libraries(${name} PRIVATE orfeas_dev orfeas_catch_main orfeas_catch orfeas_test_support orfeas::orfeas ${arg_LINK})
    target_compile_definitions(${name} PRIVATE ${arg_DEFINITIONS})
    if(NOT sources MATCHES "\\.cu(;|$)")
        target_precompile_headers(${name} REUSE_FROM orfeas_catch_pch)
    endif()
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
    add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES LABELS "${arg_MODULE};${arg_LABELS}")
    if(arg_TIMEOUT) # else what ./dev test says, as long runs take hours
        set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT})
    endif()
    orfeas_note_test(${name} ${arg_MODULE} ${name} ${sources})
endfunction()

# orfeas_script_test(NAME MODULE m COMMAND … [LABELS …] [TARGET t] [ENVIRONMENT …] [SOURCES …])
# A ctest that runs a program; exit code 77 means skipped, and its line "skipped: NAME: reason" says why. A program that
# runs several cases ends with the line "test cases: N passed, N failed, N skipped". SOURCES are what it depends on.
function(orfeas_script_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "MODULE;TARGET;TIMEOUT" "COMMAND;LABELS;ENVIRONMENT;SOURCES")
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 900)
    endif()
    add_test(NAME ${name} COMMAND ${arg_COMMAND} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES LABELS "${arg_MODULE};${arg_LABELS}" TIMEOUT ${arg_TIMEOUT}
        SKIP_RETURN_CODE 77 ENVIRONMENT "${arg_ENVIRONMENT}")
    orfeas_note_test(${name} ${arg_MODULE} "${arg_TARGET}" ${arg_SOURCES})
endfunction()
