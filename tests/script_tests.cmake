# Tests that are programs: the checks, their own test, packaging, and conformance against real programs.

file(GLOB checks CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/scripts/checks/check_*.py)
foreach(check IN LISTS checks)
    cmake_path(GET check STEM name)
    orfeas_script_test(${name} MODULE checks COMMAND ${Python3_EXECUTABLE} ${check})
endforeach()

set_tests_properties(check_self_contained PROPERTIES PROCESSORS 2 COST 1000 TIMEOUT 1800) # long: begins first

file(GLOB check_tests CONFIGURE_DEPENDS checks/*_test.py)
foreach(script IN LISTS check_tests)
    cmake_path(GET script STEM name)
    orfeas_script_test(checks_${name} MODULE checks COMMAND ${Python3_EXECUTABLE} ${script})
endforeach()

file(GLOB packaging_tests CONFIGURE_DEPENDS packaging/*_test.py)
foreach(script IN LISTS packaging_tests)
    cmake_path(GET script STEM name)
    orfeas_script_test(packaging_${name} MODULE packaging
        COMMAND ${Python3_EXECUTABLE} ${script} --cmake ${CMAKE_COMMAND} --generator ${CMAKE_GENERATOR}
            --compiler ${CMAKE_CXX_COMPILER})
endforeach()

find_program(ORFEAS_NODE NAMES node nodejs)
set(conformance_environment
    ORFEAS_BIN=${CMAKE_BINARY_DIR}/bin
    ORFEAS_NODE_MODULES=${PROJECT_SOURCE_DIR}/build/npm/node_modules)
set(conformance_target "")
if(TARGET studio)
    set(conformance_target studio)
endif()
set(conformance_target_memory_snapshot_test "") # the others ask the studio
if(TARGET orfeas-memory)
    set(conformance_target_memory_snapshot_test orfeas-memory)
endif()
set(conformance_target_orfeas_detect_test "")
if(TARGET orfeas-detect)
    set(conformance_target_orfeas_detect_test orfeas-detect)
endif()
set(conformance_target_orfeas_scale_test "")
if(TARGET orfeas-scale)
    set(conformance_target_orfeas_scale_test orfeas-scale)
endif()
set(conformance_target_kubernetes_manifests_test "") # files only
set(conformance_target_trace_context_service_test "")
if(TARGET orfeas::observatory)
    add_executable(trace_context_service conformance/trace_context_service/main.cpp)
    target_link_libraries(trace_context_service PRIVATE orfeas_dev orfeas::orfeas)
    set_target_properties(trace_context_service PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
    set(conformance_target_trace_context_service_test trace_context_service)
endif()
set(conformance_target_otlp_receiver_test "")
orfeas_can_build(can conformance/otlp/exporting_service.cpp)
if(can)
    add_executable(exporting_service conformance/otlp/exporting_service.cpp)
    target_link_libraries(exporting_service PRIVATE orfeas_dev orfeas::orfeas)
    set_target_properties(exporting_service PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
    set(conformance_target_otlp_receiver_test exporting_service)
endif()
add_executable(orfeas_metrics_service conformance/metrics_service.cpp) # is scraped by prometheus_test.py
target_link_libraries(orfeas_metrics_service PRIVATE orfeas_dev orfeas::metrics)
set_target_properties(orfeas_metrics_service PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(conformance_target_prometheus_test orfeas_metrics_service)
file(GLOB_RECURSE conformance_scripts CONFIGURE_DEPENDS conformance/*_test.py conformance/*_test.mjs)
foreach(script IN LISTS conformance_scripts)
    cmake_path(GET script STEM name)
    cmake_path(GET script EXTENSION LAST_ONLY extension)
    set(target ${conformance_target})
    if(DEFINED conformance_target_${name})
        set(target ${conformance_target_${name}})
    endif()
    set(interpreter ${Python3_EXECUTABLE})
    if(extension STREQUAL ".mjs")
        set(interpreter ${ORFEAS_NODE})
    endif()
    if(interpreter)
        orfeas_script_test(conformance_${name} MODULE conformance COMMAND ${interpreter} ${script}
            TARGET "${target}" ENVIRONMENT ${conformance_environment})
    endif()
endforeach()

file(GLOB_RECURSE conformance_sources CONFIGURE_DEPENDS conformance/*_test.cpp)
orfeas_test(orfeas_test_conformance MODULE conformance SOURCES ${conformance_sources})
